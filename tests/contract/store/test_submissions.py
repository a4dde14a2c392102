"""Submissions: kept, held, cancelled or handed over, and what is known of them afterwards."""

import asyncio
import dataclasses

import pytest
from tests.contract.store.conftest import World, message

from mailstead.model.change import ChangeKind, ChangeOp
from mailstead.model.email import EmailPatch, StateMismatch
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import EmailId, SubmissionId
from mailstead.model.message import NewMessage
from mailstead.model.submission import Hold, NewSubmission, Progress, RecipientStatus
from mailstead.model.uids import UidSet

ONE = SubmissionId(77)
OCTETS = message("leaving")
NEW = NewSubmission(
    ONE, "user0@example.test", (("bob@example.org", {"notify": "NEVER"}), ("eve@example.org", {})), identity="me", options={"ret": "HDRS"}
)


def held(world: World, seconds: int = 10) -> NewSubmission:
    return dataclasses.replace(NEW, release_at_ms=world.clock() + seconds * 1000)


async def due(world: World) -> list[SubmissionId]:
    found = []
    for store in world.stores:
        found += await store.submissions.due(world.clock(), 100)
    assert all(account == world.a for account, _ in found)
    return [submission for _, submission in found]


async def test_what_was_submitted_is_there(world: World) -> None:
    before = await world.mail.modseq(world.a)
    done = await world.store.submissions.submit(world.a, NEW, OCTETS)
    assert (done.submission_id, done.hold, done.identity, done.reverse_path) == (ONE, Hold.PENDING, "me", "user0@example.test")
    assert done.size_octets == len(OCTETS)
    assert done.options == {"ret": "HDRS"}
    assert [one.address for one in done.recipients] == ["bob@example.org", "eve@example.org"]
    assert done.recipients[0].options == {"notify": "NEVER"}
    assert {one.progress for one in done.recipients} == {Progress.QUEUED}
    assert OCTETS == await world.store.submissions.octets(world.a, ONE)
    (change,) = (await world.mail.changes(world.a, before)).changes
    assert (change.kind, change.object_id, change.op) == (ChangeKind.SUBMISSION, ONE, ChangeOp.CREATED)
    assert [ONE] == await due(world)


async def test_a_repeat_changes_nothing(world: World) -> None:
    first = await world.store.submissions.submit(world.a, NEW, OCTETS)
    assert first == await world.store.submissions.submit(world.a, dataclasses.replace(NEW, identity="other"), b"else")
    assert OCTETS == await world.store.submissions.octets(world.a, ONE)


async def test_what_an_email_is_marked_with_is_sent_once(world: World) -> None:
    inbox, other = await world.inbox(), (await world.box("Other")).mailbox_id
    filed = await world.deliver(message("asks"))
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([1]), other)
    mark = EmailPatch(filed.email_id, add_keywords=frozenset({"$mdnsent"}), unless=frozenset({"$mdnsent"}))
    found = await asyncio.gather(
        *(world.store.submissions.submit(world.a, dataclasses.replace(NEW, submission_id=SubmissionId(number), marks=mark), OCTETS) for number in (1, 2)),
        return_exceptions=True)
    (lost,) = (one for one in found if isinstance(one, Refusal))
    assert Reason.ALREADY_EXISTS is lost.reason
    (won,) = await world.store.submissions.find(world.a)
    assert won in found
    assert [{"$MDNSent"}] * 2 == [await world.flags(box, 1) for box in (inbox, other)]
    assert won == await world.store.submissions.submit(world.a, dataclasses.replace(NEW, submission_id=won.submission_id, marks=mark), OCTETS), "a repeat"
    # A flag over IMAP, on one of its copies, is as good.
    second = await world.deliver(message("asks too"))
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([2]), other)
    await world.mail.set_flags(world.a, world.op(), other, UidSet.of([2]), add=frozenset({"$MDNSent"}))
    for email, reason in ((second.email_id, Reason.ALREADY_EXISTS), (EmailId(5), Reason.NOT_FOUND)):
        with pytest.raises(Refusal) as refused:
            await world.store.submissions.submit(world.a, dataclasses.replace(NEW, submission_id=SubmissionId(3), marks=dataclasses.replace(mark, email_id=email)), OCTETS)
        assert reason is refused.value.reason
    assert [won] == await world.store.submissions.find(world.a)


async def test_a_state_is_looked_at_in_the_same_step(world: World) -> None:
    at = str(await world.store.submissions.state(world.a))
    found = await asyncio.gather(
        *(world.store.submissions.submit(world.a, dataclasses.replace(NEW, submission_id=SubmissionId(number)), OCTETS, if_state=at) for number in (1, 2)),
        return_exceptions=True)
    assert 1 == sum(isinstance(one, StateMismatch) for one in found)
    (won,) = await world.store.submissions.find(world.a)
    assert won in found


async def test_the_authors_copy_is_filed_in_the_same_step(world: World) -> None:
    sent = (await world.box("Sent")).mailbox_id
    before = await world.mail.modseq(world.a)
    done = await world.store.submissions.submit(world.a, NEW, OCTETS, sent=(sent, NewMessage(OCTETS, frozenset({"\\Seen"}))))
    assert [1] == await world.uids(sent)
    assert await world.flags(sent, 1) == {"\\Seen"}
    assert OCTETS == await world.octets(done.email_id)
    assert await world.mail.modseq(world.a) == before + 1
    await world.store.submissions.submit(world.a, NEW, OCTETS, sent=(sent, NewMessage(OCTETS)))
    assert [1] == await world.uids(sent)


async def test_nothing_is_kept_where_the_copy_cannot_be(world: World) -> None:
    with pytest.raises(Refusal) as caught:
        await world.store.submissions.submit(world.a, NEW, OCTETS, sent=(type((await world.box()).mailbox_id)(12345), NewMessage(OCTETS)))
    assert caught.value.reason is Reason.NOT_FOUND
    assert [] == await world.store.submissions.find(world.a)


async def test_a_large_message_comes_back_whole(world: World) -> None:
    octets = message("large", body="x" * 900 + "\n" + "y" * 3_000_000)
    await world.store.submissions.submit(world.a, NEW, octets)
    assert octets == await world.store.submissions.octets(world.a, ONE)


async def test_what_is_held_is_not_due_and_may_be_cancelled(world: World) -> None:
    await world.store.submissions.submit(world.a, held(world), OCTETS)
    assert [] == await due(world)
    assert not await world.store.submissions.take(world.a, ONE)
    assert await world.store.submissions.cancel(world.a, ONE)
    assert await world.store.submissions.cancel(world.a, ONE)
    world.clock.ahead_ms += 20_000
    assert [] == await due(world)
    assert not await world.store.submissions.take(world.a, ONE)
    assert (await world.store.submissions.find(world.a))[0].hold is Hold.CANCELED
    with pytest.raises(Refusal):
        await world.store.submissions.octets(world.a, ONE)


async def test_what_has_begun_to_leave_cannot_be_cancelled(world: World) -> None:
    await world.store.submissions.submit(world.a, held(world), OCTETS)
    world.clock.ahead_ms += 10_000
    assert [ONE] == await due(world)
    assert await world.store.submissions.take(world.a, ONE)
    assert not await world.store.submissions.cancel(world.a, ONE)
    assert [ONE] == await due(world)
    assert await world.store.submissions.take(world.a, ONE)
    assert OCTETS == await world.store.submissions.octets(world.a, ONE)
    await world.store.submissions.handed_over(world.a, ONE)
    assert [] == await due(world)
    assert (await world.store.submissions.find(world.a))[0].hold is Hold.FINAL
    assert not await world.store.submissions.cancel(world.a, ONE)


async def test_cancelling_and_leaving_at_once_one_wins(world: World) -> None:
    for number in range(20):
        one = SubmissionId(100 + number)
        await world.store.submissions.submit(world.a, dataclasses.replace(NEW, submission_id=one), OCTETS)
        acts = [store.submissions.take(world.a, one) for store in world.stores]
        acts.insert(number % (len(acts) + 1), world.store.submissions.cancel(world.a, one))
        done = await asyncio.gather(*acts)
        cancelled = done.pop(number % (len(acts)))
        assert cancelled != any(done)


async def test_a_release_can_be_put_forward(world: World) -> None:
    await world.store.submissions.submit(world.a, held(world, 3600), OCTETS)
    assert await world.store.submissions.reschedule(world.a, ONE, 0)
    assert [ONE] == await due(world)
    await world.store.submissions.take(world.a, ONE)
    assert not await world.store.submissions.reschedule(world.a, ONE, world.clock() + 10_000)


async def test_what_became_of_each_recipient_is_read_again(world: World) -> None:
    await world.store.submissions.submit(world.a, NEW, OCTETS)
    await world.store.submissions.take(world.a, ONE)
    await world.store.submissions.handed_over(world.a, ONE)
    before = await world.mail.modseq(world.a)
    failed = RecipientStatus("eve@example.org", {}, Progress.FAILED, "mx.example.org", "550 5.1.1 Nobody", 20)
    waits = RecipientStatus("bob@example.org", {}, Progress.QUEUED, "mx.example.org", "451 4.7.1 Later", 20)
    await world.store.submissions.report(world.a, ONE, [failed, waits])
    (now,) = await world.store.submissions.find(world.a, ids=[ONE])
    assert [(one.progress, one.hop, one.reply, one.at_ms) for one in now.recipients] == [
        (Progress.QUEUED, "mx.example.org", "451 4.7.1 Later", 20), (Progress.FAILED, "mx.example.org", "550 5.1.1 Nobody", 20),
    ]
    changes = (await world.mail.changes(world.a, before)).changes
    assert [(change.kind, change.object_id, change.op) for change in changes] == [(ChangeKind.SUBMISSION, ONE, ChangeOp.UPDATED)]
    assert now.modseq == before + 1
    await world.store.submissions.report(world.a, ONE, [failed, waits])
    await world.store.submissions.report(world.a, ONE, [dataclasses.replace(waits, reply="old", at_ms=10)])
    await world.store.submissions.report(world.a, ONE, [dataclasses.replace(failed, progress=Progress.RELAYED, at_ms=99)])
    assert before + 1 == await world.mail.modseq(world.a)
    await world.store.submissions.report(world.a, SubmissionId(5), [waits])


async def test_what_has_not_left_is_not_forgotten(world: World) -> None:
    await world.store.submissions.submit(world.a, NEW, OCTETS)
    with pytest.raises(Refusal) as caught:
        await world.store.submissions.destroy(world.a, ONE)
    assert caught.value.reason is Reason.IN_USE
    await world.store.submissions.cancel(world.a, ONE)
    await world.store.submissions.destroy(world.a, ONE)
    assert [] == await world.store.submissions.find(world.a)
    with pytest.raises(Refusal):
        await world.store.submissions.cancel(world.a, ONE)


async def test_nobody_sees_anothers(world: World) -> None:
    await world.store.submissions.submit(world.a, NEW, OCTETS)
    assert [] == await world.store.submissions.find(world.b)
    assert [] == await world.store.submissions.find(world.b, ids=[ONE])
    with pytest.raises(Refusal):
        await world.store.submissions.cancel(world.b, ONE)


async def test_notices_are_remembered_once_and_in_order(world: World) -> None:
    report = world.store.submissions.report
    await world.store.submissions.submit(world.a, NEW, OCTETS)
    before = await world.mail.modseq(world.a)
    for email in (EmailId(8), EmailId(5), EmailId(8)):
        await report(world.a, ONE, [], notice=email)
    await report(world.a, SubmissionId(99), [], notice=EmailId(5))
    (found,) = await world.store.submissions.find(world.a, ids=[ONE])
    assert (EmailId(8), EmailId(5)) == found.notices
    assert before < found.modseq
    for number in range(100, 200):
        await report(world.a, ONE, [], notice=EmailId(number))
    (found,) = await world.store.submissions.find(world.a, ids=[ONE])
    assert (50, 199) == (len(found.notices), found.notices[-1])


async def test_who_was_shown_it_is_known_once(world: World) -> None:
    for number in range(3):
        await world.store.submissions.submit(
            world.a, dataclasses.replace(NEW, submission_id=SubmissionId(100 + number), message_id=f"<{number}@x>"), OCTETS)
    assert await world.store.submissions.of_message(world.a, "<3@x>") is None
    assert await world.store.submissions.of_message(world.b, "<1@x>") is None
    found = await world.store.submissions.of_message(world.a, "<1@x>")
    assert found is not None
    assert (101, (), [False, False]) == (found.submission_id, found.receipts, [one.is_displayed for one in found.recipients])
    before = await world.mail.modseq(world.a)
    for _ in range(2):
        await world.store.submissions.receive(world.a, found.submission_id, EmailId(7), ["bob@example.org", "nobody@example.org"])
    assert before + 1 == await world.mail.modseq(world.a)
    await world.store.submissions.receive(world.a, found.submission_id, EmailId(8), [])
    (now,) = await world.store.submissions.find(world.a, ids=[found.submission_id])
    assert ((7, 8), [True, False]) == (now.receipts, [one.is_displayed for one in now.recipients])
    await world.store.submissions.receive(world.a, SubmissionId(5), EmailId(7), [])
    assert await world.store.submissions.cancel(world.a, found.submission_id)
    await world.store.submissions.destroy(world.a, found.submission_id)
    assert await world.store.submissions.of_message(world.a, "<1@x>") is None
