"""When to try again: a table of facts and decisions."""

from dataclasses import replace

from mailstead.model.ids import AccountId, SubmissionId, TenantId
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Failed, Sent
from mailstead.service.queue import retry
from mailstead.service.queue.retry import TELL_AFTER_MS, WAITS_MS, Again, Done, GiveUp, check_ms, decide, wait_ms
from mailstead.store.interface import QueueEntry

DAY = 24 * 3600 * 1000
ENTRY = QueueEntry(7, 0, SubmissionId(1), AccountId(1), TenantId(1), "a@b", "c@d", {}, 0, 5 * DAY, 0, 0, "", 10)
LATER = Failed("mx", 451, EnhancedStatus(4, 2, 0), "later")
NEVER = Failed("mx", 550, EnhancedStatus(5, 1, 1), "no")
SENT = Sent("mx", "ok", passes_on_dsn=True)


def test_what_was_taken_is_done_and_what_is_refused_is_given_up() -> None:
    assert decide(ENTRY, SENT, 0) == Done(SENT)
    assert decide(ENTRY, NEVER, 0) == GiveUp(NEVER, is_late=False)


def test_waits_grow_and_are_stretched_by_a_quarter_at_most() -> None:
    for attempts, wait in enumerate((*WAITS_MS, WAITS_MS[-1])):
        waits = {wait_ms(entry, attempts) for entry in range(500)}
        assert min(waits) >= wait
        assert max(waits) <= wait * 5 // 4
        assert len(waits) > 100
    assert wait_ms(7, 3) == wait_ms(7, 3)


def test_it_is_tried_until_its_time_is_up() -> None:
    late = replace(ENTRY, attempts=40, due_at_ms=5 * DAY - 1)
    again = decide(late, LATER, 5 * DAY - 1)
    assert isinstance(again, Again)
    assert again.due_at_ms == 5 * DAY
    assert decide(late, LATER, 5 * DAY) == GiveUp(LATER, is_late=True)
    assert decide(late, SENT, 6 * DAY) == Done(SENT)


def test_the_author_is_told_of_a_delay_once() -> None:
    entry, now, told = replace(ENTRY, check_at_ms=check_ms(ENTRY, 0)), 0, []
    while True:
        decision = decide(entry, LATER, now)
        if not isinstance(decision, Again):
            break
        if decision.tells:
            told.append(now)
        entry = replace(entry, attempts=entry.attempts + 1, due_at_ms=decision.due_at_ms, check_at_ms=check_ms(entry, now))
        now = decision.due_at_ms
    assert len(told) == 1
    assert TELL_AFTER_MS <= told[0] < TELL_AFTER_MS + wait_ms(ENTRY.job_id, len(WAITS_MS))
    assert 25 < entry.attempts < 60
    assert retry.TELL_AFTER_MS < DAY


def test_nobody_is_told_of_a_delay_before_its_time_however_often_it_was_tried() -> None:
    entry = replace(ENTRY, attempts=40, due_at_ms=20_000, check_at_ms=check_ms(ENTRY, 0))
    decision = decide(entry, LATER, 20_000)
    assert isinstance(decision, Again)
    assert decision.due_at_ms > TELL_AFTER_MS
    assert not decision.tells
    late = decide(entry, LATER, TELL_AFTER_MS)
    assert isinstance(late, Again)
    assert late.tells
