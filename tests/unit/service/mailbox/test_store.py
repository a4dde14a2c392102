"""Flags by name, and who may change them (RFC 9051 §2.3.2)."""

import pytest
from tests.harness.fake_mail import FakeMail

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, OpId
from mailstead.model.mailbox import INBOX
from mailstead.model.message import NewMessage
from mailstead.model.uids import UidSet
from mailstead.service.mailbox import copy, expunge, store
from mailstead.service.mailbox.store import Keywords
from mailstead.service.mailbox.view import View, open_view

ALICE = AccountId(1)


async def opened(mail: FakeMail, *, read_only: bool = False) -> View:
    info = await mail.mailbox(ALICE, INBOX)
    assert info is not None
    await mail.append(ALICE, OpId(b"1"), info.mailbox_id, [NewMessage(b"Subject: a\r\n\r\nb\r\n", frozenset({"\\Seen", "Work"}))])
    view, _ = await open_view(mail, ALICE, info.mailbox_id, read_only=read_only)
    return view


async def test_names_are_learnt_when_a_new_bit_shows_up() -> None:
    mail = FakeMail()
    view, keywords = await opened(mail), Keywords(mail)
    entries = await mail.entries(ALICE, view.mailbox_id, UidSet.all())
    await keywords.ready(ALICE, entries)
    assert ("\\Seen", "Work") == keywords.of(ALICE, entries[0])
    known = keywords.count(ALICE)
    await store.set_flags(mail, view, OpId(b"2"), UidSet.all(), "+", frozenset({"play"}), None)
    entries = await mail.entries(ALICE, view.mailbox_id, UidSet.all())
    await keywords.ready(ALICE, entries)
    assert ("\\Seen", "Work", "play") == keywords.of(ALICE, entries[0])
    assert known + 1 == keywords.count(ALICE)


async def test_a_view_for_reading_changes_nothing() -> None:
    mail = FakeMail()
    view = await opened(mail, read_only=True)
    for change in (
        store.set_flags(mail, view, OpId(b"2"), UidSet.all(), "+", frozenset({"a"}), None),
        expunge.expunge(mail, view, OpId(b"3"), None),
        anext(aiter(copy.move(mail, view, lambda: OpId(b"4"), UidSet.all(), ("Trash",)))),
    ):
        with pytest.raises(Refusal) as refused:
            await change
        assert refused.value.reason is Reason.NOT_PERMITTED


def test_system_flags_that_do_not_exist() -> None:
    assert frozenset({"\\Deleted"}) == store.checked(["\\deleted", "\\Recent"])
    with pytest.raises(Refusal):
        store.checked(["\\Starred"])
