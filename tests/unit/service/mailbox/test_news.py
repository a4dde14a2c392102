"""One reading of the change feed serves all sessions that ask the same."""

import asyncio
from collections.abc import Callable

import pytest
from tests.harness.fake_mail import FakeMail

from mailstead.model.ids import AccountId, MailboxId, OpId
from mailstead.model.mailbox import INBOX
from mailstead.model.message import NewMessage
from mailstead.model.uids import UidSet
from mailstead.service.mailbox.news import Newsroom

ALICE = AccountId(1)
MESSAGE = NewMessage(b"Subject: a\r\n\r\nb\r\n")


async def _wait(waiting: list[Callable[[], None]]) -> None:
    woken = asyncio.get_running_loop().create_future()
    waiting.append(lambda: None if woken.done() else woken.set_result(None))
    await woken


async def _inbox(mail: FakeMail) -> MailboxId:
    info = await mail.mailbox(ALICE, INBOX)
    assert info is not None
    return info.mailbox_id


async def test_many_askers_one_reading() -> None:
    mail = FakeMail()
    box = await _inbox(mail)
    since = await mail.modseq(ALICE)
    await mail.append(ALICE, OpId(b"1"), box, [MESSAGE])
    await mail.set_flags(ALICE, OpId(b"2"), box, UidSet.all(), add=frozenset({"\\Seen"}))
    slow = mail.changes

    async def changes(*args: int) -> object:
        await asyncio.sleep(0.01)
        return await slow(*args)  # type: ignore[arg-type]

    mail.changes = changes  # type: ignore[assignment,method-assign]
    room = Newsroom(mail, _wait)
    now = await mail.modseq(ALICE)
    deltas = await asyncio.gather(*(room.delta(ALICE, box, since, now) for _ in range(10)))
    assert 1 == mail.calls["changes"]
    assert all((1,) == delta.created and now == delta.upto for delta in deltas)
    await room.delta(ALICE, box, since, now)
    assert 1 == mail.calls["changes"]


async def test_an_answer_older_than_the_news_is_not_used() -> None:
    mail = FakeMail()
    box = await _inbox(mail)
    since = await mail.modseq(ALICE)
    room = Newsroom(mail, _wait)
    await mail.append(ALICE, OpId(b"1"), box, [MESSAGE])
    assert (1,) == (await room.delta(ALICE, box, since, since + 1)).created
    await mail.append(ALICE, OpId(b"2"), box, [MESSAGE])
    assert (1, 2) == (await room.delta(ALICE, box, since, since + 2)).created


async def test_when_the_reader_fails_the_next_one_reads() -> None:
    mail = FakeMail()
    box = await _inbox(mail)
    since = await mail.modseq(ALICE)
    await mail.append(ALICE, OpId(b"1"), box, [MESSAGE])
    good = mail.changes
    failed = 0

    async def changes(*args: int) -> object:
        nonlocal failed
        await asyncio.sleep(0)
        if not failed:
            failed = 1
            raise RuntimeError
        return await good(*args)  # type: ignore[arg-type]

    mail.changes = changes  # type: ignore[assignment,method-assign]
    room = Newsroom(mail, _wait)
    first, second = await asyncio.gather(
        room.delta(ALICE, box, since, since + 1), room.delta(ALICE, box, since, since + 1), return_exceptions=True
    )
    assert isinstance(first, RuntimeError)
    assert not isinstance(second, BaseException)
    assert (1,) == second.created


async def test_long_feeds_are_read_in_pages() -> None:
    mail = FakeMail()
    box = await _inbox(mail)
    since = await mail.modseq(ALICE)
    for number in range(2500):
        await mail.append(ALICE, OpId(b"%d" % number), box, [MESSAGE])
    delta = await Newsroom(mail, _wait).delta(ALICE, box, since, since)
    assert 2500 == len(delta.created)
    assert 3 == mail.calls["changes"]


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_a_log_that_does_not_reach_back(is_deleted: bool) -> None:
    mail = FakeMail()
    info = await mail.mailbox_create(ALICE, OpId(b"0"), ("work",))
    since = await mail.modseq(ALICE)
    await mail.append(ALICE, OpId(b"1"), info.mailbox_id, [MESSAGE])
    if is_deleted:
        await mail.mailbox_delete(ALICE, OpId(b"2"), ("work",))
    mail.forget_log(ALICE)
    delta = await Newsroom(mail, _wait).delta(ALICE, info.mailbox_id, since, since)
    assert is_deleted == delta.is_gone
    if not is_deleted:
        assert delta.whole is not None
        assert [1] == list(delta.whole)
