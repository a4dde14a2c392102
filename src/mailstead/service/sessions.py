"""Sign-ins of the web UI: a password, a second factor where there is one, and a session that can be seen and ended.

The browser holds a random token; the directory its hash. A session ends when it was not used for ``IDLE_MS``, after ``LASTS_MS`` at the latest, when it is
revoked, when the password changes, and when the account is suspended. Who signs in from a browser that was never seen before is told to
the owner by mail.
"""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from mailstead import telemetry
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId, CredentialId, to_wire
from mailstead.model.question import Origin, Principal
from mailstead.model.web_session import WebSession
from mailstead.service.access import Access
from mailstead.service.ports import Clock
from mailstead.store.interface import Directory, WebLogins

IDLE_MS: Final = 14 * 86_400_000
LASTS_MS: Final = 90 * 86_400_000
TOUCH_MS: Final = 5 * 60_000
SESSIONS: Final = 100
"""Of one account; the oldest go."""
_STEP_S: Final = 30
_RECOVERY: Final = 10
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_AGENT: Final = 300
Notify = Callable[[AccountId, str, WebSession], Awaitable[None]]
"""(account, its address, the new session): tells the owner."""


class SecondFactorNeeded(Exception):  # noqa: N818 - says what is missing
    """The password is right; a code is wanted."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``token`` goes into the browser's cookie and nowhere else; ``device`` into one that stays."""

    principal: Principal
    session: WebSession
    token: str
    device: str


class WebSessions:
    """``secret`` is the same in all workers and over restarts; ``new_id`` makes session ids."""

    def __init__(
        self, logins: WebLogins, directory: Directory, access: Access, *, secret: bytes, now_ms: Clock, new_id: Callable[[], int],
        notify: Notify | None = None,
    ) -> None:  # fmt: skip
        self._logins = logins
        self._directory = directory
        self._access = access
        self._secret = secret
        self._now_ms = now_ms
        self._new_id = new_id
        self._notify = notify

    # ------------------------------------------------------------------------------------------------- in and out
    async def sign_in(self, login: str, password: str, code: str, origin: Origin, *, agent: str, device: str) -> SignedIn:
        """``code`` "": none was given; ``device``: what the browser was known by, "" for none. Raises as ``Access.login`` does, and
        ``SecondFactorNeeded``."""
        principal = await self._access.login(login, password, origin, second_factor_follows=True)
        if principal.credential_id:
            raise Refusal(Reason.AUTHENTICATION_FAILED, "Sign in with your own password; app passwords are for programs")
        factor = await self._logins.totp(principal.account_id)
        if factor is not None and factor.is_confirmed:
            if not code:
                raise SecondFactorNeeded
            if not await self._takes(principal.account_id, factor.secret, code):
                raise await self._access.second_factor_failed(login, origin)
        now = self._now_ms()
        token, device = secrets.token_urlsafe(32), device if _is_device(device) else secrets.token_urlsafe(16)
        known = self._device(principal.account_id, device)
        is_new = not await self._logins.knows_device(principal.account_id, known)
        session = WebSession(
            self._new_id(), principal.account_id, _hashed(token), now, now, now + IDLE_MS, origin.host, agent[:_AGENT], known, os.urandom(32)
        )
        await self._logins.session_add(session)
        for old in (await self._logins.sessions(principal.account_id))[SESSIONS:]:
            await self.revoke(principal.account_id, old.session_id)
        telemetry.event("session.began", account=principal.account_id, session=to_wire("w", session.session_id), host=origin.host,
                        reason="from a new device" if is_new else "from a known device")
        if is_new and self._notify is not None:
            try:
                await self._notify(principal.account_id, principal.address, session)
            except (Refusal, Unavailable) as exc:
                telemetry.event("notice.failed", account=principal.account_id, reason=exc.cause or exc.public)
        return SignedIn(principal, session, token, device)

    async def of(self, token: str, origin: Origin) -> tuple[Principal, WebSession] | None:
        """Whose a token is; None: nobody's any more."""
        session = await self._logins.session_by_token(_hashed(token))
        now = self._now_ms()
        if session is None or session.expires_at_ms <= now or session.created_at_ms + LASTS_MS <= now:
            return None
        account = await self._directory.account(session.account_id)
        if account is None or account.state != "active":
            return None
        if now - session.seen_at_ms > TOUCH_MS:
            await self._logins.session_touch(session.session_id, now, now + IDLE_MS, origin.host)
        return Principal(account.account_id, account.tenant_id, account.address, account.address, session_id=session.session_id), session

    async def sign_out(self, session: WebSession) -> None:
        """The session ends."""
        await self.revoke(session.account_id, session.session_id)

    async def revoke(self, account: AccountId, session_id: int) -> None:
        """NOT_FOUND."""
        await self._logins.session_delete(account, session_id)
        telemetry.event("session.ended", account=account, session=to_wire("w", session_id))

    async def list(self, account: AccountId) -> tuple[WebSession, ...]:
        """Those that hold, newest first."""
        now = self._now_ms()
        return tuple(one for one in await self._logins.sessions(account) if one.expires_at_ms > now and one.created_at_ms + LASTS_MS > now)

    def csrf(self, token: str) -> str:
        """What a page of ours proves itself with; a stranger's cannot read it."""
        return hmac.new(self._secret, b"csrf " + token.encode(), hashlib.sha256).hexdigest()

    # ------------------------------------------------------------------------------------------------- the password
    async def change_password(self, principal: Principal, session: WebSession | None, current: str, new: str) -> None:
        """All other sessions end. AUTHENTICATION_FAILED, INVALID."""
        await self._prove(principal, current)
        record = await self._directory.login(principal.address)
        salt = next((one.scram.salt for one in record.credentials if one.scram is not None), None) if record is not None else None
        argon2, scram = await self._access.hash_password(new, salt)
        await self._directory.credential_set(principal.account_id, credential=MAIN, label="", argon2=argon2, scram=scram)
        await self._logins.sessions_delete(principal.account_id, but=session.session_id if session is not None else 0)
        telemetry.event("password.changed", account=principal.account_id, reason="by its owner")

    async def _prove(self, principal: Principal, password: str) -> None:
        if not await self._access.is_password(principal.address, password):
            raise Refusal(Reason.NOT_PERMITTED, "That is not your password")

    # ------------------------------------------------------------------------------------------------- the second factor
    async def totp_begin(self, principal: Principal, site: str) -> dict[str, Any]:
        """A new one, to be confirmed by a code: ``secret``, ``uri`` for a QR code, ``recovery`` codes that are shown this once. ALREADY_EXISTS."""
        import pyotp

        factor = await self._logins.totp(principal.account_id)
        if factor is not None and factor.is_confirmed:
            raise Refusal(Reason.ALREADY_EXISTS, "There is a second factor already; remove it first")
        secret = pyotp.random_base32()
        recovery = ["-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(2)) for _ in range(_RECOVERY)]
        await self._logins.totp_set(principal.account_id, secret, [self._recovery(principal.account_id, one) for one in recovery])
        uri = pyotp.TOTP(secret).provisioning_uri(name=principal.address, issuer_name=site)
        return {"secret": secret, "uri": uri, "recovery": recovery}

    async def totp_confirm(self, principal: Principal, code: str) -> None:
        """From now on it is asked for. INVALID."""
        factor = await self._logins.totp(principal.account_id)
        step = _step(factor.secret, code) if factor is not None else None
        if step is None or not await self._logins.totp_confirm(principal.account_id, step):
            raise Refusal(Reason.INVALID, "That code is not right; look at the time of your device")
        telemetry.event("totp.begun", account=principal.account_id)

    async def totp_end(self, principal: Principal, password: str) -> None:
        """NOT_PERMITTED for a wrong password."""
        await self._prove(principal, password)
        await self._logins.totp_delete(principal.account_id)
        telemetry.event("totp.ended", account=principal.account_id)

    async def has_totp(self, account: AccountId) -> bool:
        factor = await self._logins.totp(account)
        return factor is not None and factor.is_confirmed

    async def _takes(self, account: AccountId, secret: str, code: str) -> bool:
        """A code of now, or a recovery code; each once."""
        step = _step(secret, code)
        if step is not None:
            return await self._logins.totp_use(account, step=step)
        return await self._logins.totp_use(account, recovery=self._recovery(account, code))

    def _recovery(self, account: AccountId, code: str) -> bytes:
        plain = "".join(character for character in code.lower() if character.isalnum())
        return hmac.new(self._secret, b"recovery %d " % account + plain.encode(), hashlib.sha256).digest()

    def _device(self, account: AccountId, device: str) -> bytes:
        return hmac.new(self._secret, b"device %d " % account + device.encode(), hashlib.sha256).digest()[:16]


MAIN: Final = CredentialId(0)
"""The main password's credential."""


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _is_device(text: str) -> bool:
    return 16 <= len(text) <= 64 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()  # noqa: PLR2004 - as we make them


def _step(secret: str, code: str) -> int | None:
    """The time step a code belongs to, one before and one after now allowed (RFC 6238 §5.2); None: to none."""
    import pyotp

    plain = code.replace(" ", "")
    if len(plain) != 6 or not plain.isdigit() or not plain.isascii():  # noqa: PLR2004 - RFC 6238: six digits
        return None
    totp = pyotp.TOTP(secret)
    now = int(time.time()) // _STEP_S
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(totp.at(step * _STEP_S), plain):
            return step
    return None
