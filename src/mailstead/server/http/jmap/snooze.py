"""``Email.snoozed``: out of the way until a time (docs/reference/jmap-extensions.md).

A snoozed email lies in the mailbox with the role ``snoozed``, which is made when it is first wanted; who takes it out wakes it. What happens when its
time comes is ``service.snoozing``'s.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any

from mailstead.model import ids as wire
from mailstead.model.email import EmailPatch, EmailRow, Fault, MailboxPatch, Snooze
from mailstead.model.ids import EmailId, MailboxId
from mailstead.model.mailbox import MailboxInfo, Role
from mailstead.protocol.jmap.mail.email import utc
from mailstead.protocol.jmap.mail.email import wire as to_wire
from mailstead.protocol.jmap.mail.filters import BadFilter, utc_ms
from mailstead.protocol.jmap.mail.keywords import flag_of, keyword_of
from mailstead.server.http.jmap.standard import Call, mailbox, set_error
from mailstead.service.snoozing import AWAKE, NEW, of_role, waking

_NAMES = ("Snoozed", "Snoozed mail", "Snoozed (mailstead)")


async def shown(call: Call, rows: Iterable[EmailRow]) -> dict[EmailId, dict[str, Any]]:
    """The property of those that are snoozed."""
    rows = list(rows)
    found = await call.mailing.kept.snoozes(call.account, [row.email_id for row in rows])
    if not found:
        return {}
    box = of_role((await call.mailing.emails.mailboxes(call.account))[1], Role.SNOOZED)
    there = {row.email_id for row in rows if box is not None and box.mailbox_id in row.mailbox_ids}
    return {email: value(one) for email, one in found.items() if email in there}


def value(one: Snooze) -> dict[str, Any]:
    """As JSON."""
    keywords = {keyword_of(name): True for name in sorted(one.add_keywords)} | {keyword_of(name): False for name in sorted(one.remove_keywords)}
    return {
        "until": utc(one.until_ms), "moveToMailboxId": to_wire(wire.MAILBOX, one.move_to) if one.move_to else None,
        "setKeywords": keywords or None,
    }


async def laid_on(call: Call, patches: dict[str, EmailPatch], wishes: dict[str, Any]) -> tuple[dict[str, EmailPatch], dict[str, Any]]:
    """The patches with what is wished of ``snoozed``, and what cannot be (SetErrors by id)."""
    refused: dict[str, Any] = {}
    numbers = [patches[ident].email_id for ident in wishes if ident in patches]
    _, rows = await call.mailing.emails.emails(call.account, numbers, content=False)
    known = await call.mailing.kept.snoozes(call.account, numbers)
    boxes = (await call.mailing.emails.mailboxes(call.account))[1]
    found = dict(patches)
    for ident, wish in wishes.items():
        if ident not in patches:
            continue
        patch = patches[ident]
        try:
            if wish is None:
                box = of_role(boxes, Role.SNOOZED)
                row = rows.get(patch.email_id)
                is_there = box is not None and row is not None and box.mailbox_id in row.mailbox_ids
                found[ident] = _awake(patch, known.get(patch.email_id), boxes, box.mailbox_id) if is_there and box is not None else (
                    dataclasses.replace(patch, snooze=AWAKE))
                continue
            one = _read(call, wish, int(call.mailing.now().timestamp() * 1000))
            box = of_role(boxes, Role.SNOOZED)
            if box is None:
                boxes = await _made(call, boxes)
                box = of_role(boxes, Role.SNOOZED)
            if box is None or box.noselect:
                raise ValueError("the mailbox for snoozed mail cannot be made: another with its name is there")
            found[ident] = _asleep(patch, one, boxes, box.mailbox_id)
        except ValueError as exc:
            del found[ident]
            refused[ident] = set_error("invalidProperties", str(exc), properties=("snoozed",))
    return found, refused


def _read(call: Call, wish: Any, now_ms: int) -> Snooze:
    """Raises ``ValueError``."""
    if not isinstance(wish, dict) or wish.keys() - {"until", "moveToMailboxId", "setKeywords"}:
        raise ValueError("snoozed has until, and may have moveToMailboxId and setKeywords")
    try:
        until = utc_ms(wish.get("until"), "until")
    except BadFilter as exc:
        raise ValueError(str(exc)) from None
    if until <= now_ms:
        raise ValueError("until lies in the past")
    target = MailboxId(0)
    if wish.get("moveToMailboxId") is not None:
        named = mailbox(call, wish["moveToMailboxId"])
        target = named or target
        if not named:
            raise ValueError("there is no such mailbox")
    given = wish.get("setKeywords") or {}
    if not isinstance(given, dict) or not all(isinstance(one, bool) and flag_of(name) for name, one in given.items()):
        raise ValueError("setKeywords maps keywords to true or false")
    add = frozenset(str(flag_of(name)) for name, one in given.items() if one)
    return Snooze(until, target, add, frozenset(str(flag_of(name)) for name, one in given.items() if not one))


def _asleep(patch: EmailPatch, one: Snooze, boxes: list[MailboxInfo], snoozed: MailboxId) -> EmailPatch:
    """Into the snoozed mailbox and, where nothing is said of mailboxes, out of all others; an awaited ``moveToMailboxId`` must be there."""
    if one.move_to and one.move_to not in {box.mailbox_id for box in boxes if not box.noselect}:
        raise ValueError("there is no such mailbox")
    if patch.mailbox_ids is None and not patch.add_mailboxes and not patch.remove_mailboxes:
        return dataclasses.replace(patch, mailbox_ids=frozenset((snoozed,)), snooze=one)
    if patch.mailbox_ids is not None and snoozed not in patch.mailbox_ids or snoozed in patch.remove_mailboxes:  # noqa: RUF021
        raise ValueError("a snoozed email is in the mailbox with the role snoozed")
    return dataclasses.replace(patch, add_mailboxes=patch.add_mailboxes if patch.mailbox_ids is not None else patch.add_mailboxes | {snoozed}, snooze=one)


def _awake(patch: EmailPatch, one: Snooze | None, boxes: list[MailboxInfo], snoozed: MailboxId) -> EmailPatch:
    """Where the patch says nothing of mailboxes it wakes as it would have at its time, but for the mark of what is new."""
    if patch.mailbox_ids is not None or patch.add_mailboxes or patch.remove_mailboxes:
        return dataclasses.replace(patch, snooze=AWAKE)
    woken = waking(patch.email_id, one or AWAKE, boxes, snoozed)
    return dataclasses.replace(
        woken, keywords=patch.keywords, add_keywords=patch.add_keywords | (woken.add_keywords - {NEW}) - patch.remove_keywords,
        remove_keywords=patch.remove_keywords | (woken.remove_keywords - patch.add_keywords),
    )


async def _made(call: Call, boxes: list[MailboxInfo]) -> list[MailboxInfo]:
    """With a mailbox for snoozed mail, if there can be one."""
    taken = {box.path[0].casefold() for box in boxes if len(box.path) == 1}
    name = next((name for name in _NAMES if name.casefold() not in taken), "")
    if name:
        done = await call.mailing.emails.mailbox_set(
            call.account, None, MailboxPatch(name, MailboxId(0), Role.SNOOZED, None, is_subscribed=True))
        if done.fault not in {Fault.NONE, Fault.ALREADY_EXISTS}:
            return boxes
    return (await call.mailing.emails.mailboxes(call.account))[1]
