"""Numbers of a session (RFC 9051 §2.3.1.2, §7.5.1). The properties are in tests/property/test_imap.py."""

from array import array

from mailstead.model.ids import AccountId, EmailId, MailboxId
from mailstead.model.mailbox import Entry, MailboxInfo, Role
from mailstead.model.uids import UidSet
from mailstead.service.mailbox.news import Delta
from mailstead.service.mailbox.view import NOTHING_TOLD, View
from mailstead.store.interface import Selected


def view(*uids: int, recent_uid: int = 0, modseq: int = 10) -> View:
    info = MailboxInfo(
        MailboxId(1), None, ("INBOX",), Role.INBOX, 1, 100, 1, len(uids), 0, 0, 0, recent_uid, subscribed=True, noselect=False,
        has_children=False,
    )  # fmt: skip
    return View(AccountId(1), Selected(info, modseq, array("Q", uids), (), 0), read_only=False)


def entry(uid: int, modseq: int) -> Entry:
    return Entry(uid, EmailId(1), modseq, 0)


def test_numbers_and_uids() -> None:
    found = view(3, 5, 9)
    assert [1, 3, 0] == [found.number(uid) for uid in (3, 9, 4)]
    assert "5:9" == str(found.of_numbers(UidSet(((2, 3),))))
    assert "1:9" == str(found.of_uids(UidSet(((1, 50),))))
    assert not view().of_uids(UidSet.all())
    assert (9, 0) == (found.last_uid, view().last_uid)


def test_recent_is_what_came_after_the_last_look() -> None:
    found = view(3, 5, 9, recent_uid=5)
    assert 1 == found.recent
    assert 2 == found.apply(Delta(11, created=(10,)), may_expunge=False).recent


def test_what_is_gone_keeps_its_number_until_it_may_be_told() -> None:
    found = view(1, 2, 3)
    assert () == found.apply(Delta(11, destroyed=(2,)), may_expunge=False).numbers
    assert 3 == len(found)
    assert found.has_gone
    told = found.apply(Delta(12, destroyed=(1,)), may_expunge=True)
    assert (1, 1) == told.numbers
    assert "1:2" == str(told.vanished)
    assert [3] == list(found.uids)


def test_what_the_client_knows_is_not_told_again() -> None:
    found = view(1, 2)
    found.note_told(1, 11)
    told = found.apply(Delta(12, updated=(entry(1, 11), entry(2, 11))), may_expunge=False)
    assert [2] == [change.uid for _, change in told.updated]


def test_what_has_changed_again_is_told() -> None:
    found = view(1)
    found.note_told(1, 11)
    assert 1 == len(found.apply(Delta(12, updated=(entry(1, 12),)), may_expunge=False).updated)


def test_old_news_changes_nothing() -> None:
    found = view(1, modseq=10)
    assert NOTHING_TOLD == found.apply(Delta(9, destroyed=(1,)), may_expunge=True)


def test_where_the_log_does_not_reach_back_the_whole_is_compared() -> None:
    found = view(1, 2, 3)
    told = found.apply(Delta(50, whole=array("I", [2, 3, 8, 9]), updated=(entry(3, 40), entry(9, 41))), may_expunge=True)
    assert ((1,), 4) == (told.numbers, told.exists)
    assert [(2, 3)] == [(number, change.uid) for number, change in told.updated]
    assert 50 == found.modseq


def test_the_saved_result_loses_what_is_expunged() -> None:
    found = view(1, 2, 3)
    found.saved = UidSet(((1, 3),))
    found.apply(Delta(11, destroyed=(2,)), may_expunge=True)
    assert "1,3" == str(found.saved)


def test_a_mailbox_that_is_gone() -> None:
    assert view(1).apply(Delta(11, is_gone=True), may_expunge=False).is_gone
