"""PushSubscription/get and set (RFC 8620 §7.2): a device's address at a push service. They have no state, and their keys are not shown again.

Each is seen and changed only by who comes with the same credential it was made with: the same password, the same session of the web client.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.question import Principal
from mailstead.protocol.jmap.mail.filters import BadFilter, utc_ms
from mailstead.server.http.jmap.dispatch import Calling
from mailstead.server.http.jmap.kept_type import Bad
from mailstead.server.http.jmap.standard import (
    MethodError,
    Outcome,
    Wanted,
    need_write,
    properties,
    resolved,
    set_error,
    texts,
    wanted_ids,
)
from mailstead.service.push.encryption import from_base64url, read_point
from mailstead.service.push.subscriptions import KIND, LASTS_MS, LETTER, Subscription, decode, utc

_SHOWN: Final = ("id", "deviceClientId", "verificationCode", "expires", "types")
_SECRET: Final = frozenset({"url", "keys"})
_HOUR_MS: Final = 3_600_000
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,99}")
_TRIES: Final = 5


def _shown(ident: int, one: Subscription) -> dict[str, Any]:
    """The code is the client's to know from its push service; here it is seen once it was given back."""
    return {
        "id": wire.to_wire(LETTER, ident), "deviceClientId": one.device, "verificationCode": one.code if one.is_verified else None,
        "expires": utc(one.expires_ms), "types": None if one.types is None else list(one.types),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _There:
    """``mine``: by id, those of the caller's credential. ``count``: all of the account; ``lately``: how many ids were given in the last hour, to those
    that are gone as well."""

    modseq: int
    mine: dict[str, tuple[int, Subscription]]
    count: int
    lately: int


async def _there(call: Calling) -> _There:
    found = await call.mailing.kept.of(call.account, KIND)
    live = [(one.object_id, decode(one.doc)) for one in found.objects if not one.gone]
    who = call.principal.credential_id, call.principal.session_id
    since_ms = int(call.mailing.now().timestamp() * 1000) - _HOUR_MS
    return _There(
        found.state.modseq, {wire.to_wire(LETTER, number): (number, one) for number, one in live if (one.credential, one.session) == who}, len(live),
        sum(wire.made_ms(one.object_id) > since_ms for one in found.objects))


async def get(call: Calling) -> dict[str, Any]:
    """RFC 8620 §7.2.1. ``url`` and ``keys`` are not given out."""
    if _SECRET & set(texts(call.arguments, "properties") or ()):
        raise MethodError("forbidden", "the address and the keys of a subscription are not shown")
    names = properties(call.arguments, _SHOWN)
    asked = wanted_ids(call.arguments)
    found = {ident: _shown(*pair) for ident, pair in (await _there(call)).mine.items()}
    listed = list(found) if asked is None else [ident for ident in asked if ident in found]
    return {
        "list": [{name: found[ident][name] for name in names} for ident in listed],
        "notFound": [] if asked is None else [ident for ident in asked if ident not in found],
    }


async def set_(call: Calling) -> dict[str, Any]:
    """RFC 8620 §7.2.2."""
    need_write(call)
    wanted = Wanted(call.arguments)
    now_ms = int(call.mailing.now().timestamp() * 1000)
    for _ in range(_TRIES):
        now = await _there(call)
        there = now.mine
        outcome = Outcome()
        created: dict[str, str] = {}
        writes: dict[int, Subscription | None] = {}
        for creation, given in wanted.create.items():
            try:
                if now.count + len(created) >= limits.PUSH_SUBSCRIPTIONS:
                    raise Bad("overQuota", f"there are at most {limits.PUSH_SUBSCRIPTIONS} subscriptions in an account")
                if now.lately + len(created) >= limits.PUSH_SUBSCRIPTIONS_PER_HOUR:  # RFC 8620 §8.6
                    raise Bad("rateLimit", f"at most {limits.PUSH_SUBSCRIPTIONS_PER_HOUR} subscriptions are made in an hour; try again later")
                one = _made(given, now_ms, call.principal)
            except Bad as exc:
                outcome.not_created[creation] = exc.error
                continue
            number = call.mailing.new_id()
            writes[number] = one
            created[creation] = wire.to_wire(LETTER, number)
            whole = _shown(number, one)
            outcome.created[creation] = {"id": whole["id"], "expires": whole["expires"], "verificationCode": None, "types": whole["types"], "keys": None}
            for name in ("types", "keys"):
                if name in given:
                    outcome.created[creation].pop(name)
        gone = {resolved(call, ident) for ident in wanted.destroy}
        for key, patch in wanted.update.items():
            ident = resolved(call, key)
            try:
                if ident not in there:
                    raise Bad("notFound")
                if ident in gone:
                    raise Bad("willDestroy")
                number, one = there[ident]
                shown = _shown(number, one)
                patch = {name: value for name, value in patch.items() if name not in shown or shown[name] != value}
                outcome.updated[ident] = _changed(one, patch, now_ms)
                writes[number] = one
            except Bad as exc:
                outcome.not_updated[ident] = exc.error
        for key in wanted.destroy:
            ident = resolved(call, key)
            if ident in there:
                writes[there[ident][0]] = None
                outcome.destroyed.append(ident)
            else:
                outcome.not_destroyed[ident] = set_error("notFound")
        if await _write(call, writes, now.modseq):
            call.created.update(created)
            found = outcome.response(call, "", "")
            return {name: value for name, value in found.items() if name not in {"accountId", "oldState", "newState"}}
    raise MethodError("serverUnavailable", "subscriptions change too often just now")


async def _write(call: Calling, writes: dict[int, Subscription | None], at: int) -> bool:
    from mailstead.model.object import ObjectWrite

    if not writes:
        return True
    rows = [ObjectWrite(number, b"{}", gone=True, due_at_ms=0) if one is None else one.write(number, due_at_ms=1) for number, one in writes.items()]
    done = await call.mailing.kept.set(call.account, KIND, rows, at=at)
    if done:
        call.mailing.soon()
    return done


def _made(given: dict[str, Any], now_ms: int, principal: Principal) -> Subscription:
    """Raises ``Bad``."""
    strange = {name for name in given if name not in {"deviceClientId", "url", "keys", "expires", "types"}
               and (name != "verificationCode" or given[name] is not None)}
    if strange:
        raise Bad("invalidProperties", "these cannot be set", *sorted(strange))
    device, url = given.get("deviceClientId"), given.get("url")
    if not isinstance(device, str) or not 0 < len(device) <= 255:  # noqa: PLR2004 - an id's length
        raise Bad("invalidProperties", "a device has a name", "deviceClientId")
    if not isinstance(url, str) or len(url) > 2_000 or not _is_https(url):  # noqa: PLR2004 - RFC 8620 §7.2: https
        raise Bad("invalidProperties", "a push service has an https address", "url")
    p256dh, auth = _keys(given.get("keys"))
    return Subscription(device, url, secrets.token_urlsafe(24), _expires(given.get("expires"), now_ms), _types(given.get("types")), p256dh, auth,
                        credential=principal.credential_id, session=principal.session_id)


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False


def _keys(given: Any) -> tuple[str, str]:
    if given is None:
        return "", ""
    p256dh, auth = (given.get("p256dh"), given.get("auth")) if isinstance(given, dict) else (None, None)
    try:
        if not isinstance(p256dh, str) or not isinstance(auth, str) or len(from_base64url(auth)) != 16:  # noqa: PLR2004 - RFC 8291 §3.2
            raise ValueError("keys are p256dh and auth")
        read_point(from_base64url(p256dh))
    except ValueError:
        raise Bad("invalidProperties", "keys are p256dh, a point of P-256, and auth, 16 octets, both in base64url", "keys") from None
    return p256dh, auth


def _expires(given: Any, now_ms: int) -> int:
    """When it ends: what was asked for, but not later than ours."""
    if given is None:
        return now_ms + LASTS_MS
    try:
        return min(utc_ms(given, "expires"), now_ms + LASTS_MS)
    except BadFilter:
        raise Bad("invalidProperties", "expires is a UTC date", "expires") from None


def _types(given: Any) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or len(given) > 100 or not all(isinstance(one, str) and _NAME.fullmatch(one) for one in given):  # noqa: PLR2004
        raise Bad("invalidProperties", "types is a list of names", "types")
    return tuple(given)


def _changed(one: Subscription, patch: dict[str, Any], now_ms: int) -> dict[str, Any] | None:
    """Lay a patch on a subscription; what the server made of it otherwise."""
    if any("/" in path for path in patch):  # RFC 8620 §5.3: never into a list
        raise Bad("invalidPatch", "a subscription has nothing below its properties that can be set")
    strange = patch.keys() - {"verificationCode", "expires", "types"}
    if strange:
        raise Bad("invalidProperties", "only verificationCode, expires and types can be changed", *sorted(strange))
    if "verificationCode" in patch:
        code = patch["verificationCode"]
        if not isinstance(code, str) or not secrets.compare_digest(code.encode(), one.code.encode()):
            raise Bad("invalidProperties", "this is not the code that was sent", "verificationCode")
        one.is_verified = True
    if "types" in patch:
        one.types = _types(patch["types"])
    if "expires" not in patch:
        return None
    one.expires_ms = _expires(patch["expires"], now_ms)
    return None if patch["expires"] == utc(one.expires_ms) else {"expires": utc(one.expires_ms)}
