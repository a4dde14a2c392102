"""A lane beside a plain sorted list: the same order whatever comes and goes."""

from collections import deque
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from mailstead.model.ids import AccountId, SubmissionId, TenantId
from mailstead.service.queue.lane import Lane
from mailstead.store.interface import QueueJob, QueueMessage

ANY: Any = None
MESSAGE = QueueMessage(SubmissionId(1), AccountId(1), TenantId(1), "a@b", {}, 0, 9, 1)


def job(number: int, due_ms: int) -> QueueJob:
    return QueueJob(number, 0, "r", "r", 0, due_ms, 0, 0, False, MESSAGE, ())


STEPS = st.lists(st.one_of(
    st.tuples(st.just("add"), st.integers(0, 20)), st.tuples(st.just("take"), st.integers(0, 25), st.integers(1, 4)),
    st.tuples(st.just("remove"), st.integers(0, 40)), st.tuples(st.just("read"), st.integers(0, 25)), st.tuples(st.just("unread")),
), max_size=60)  # fmt: skip


@given(STEPS)
@example([("add", 0), ("read", 0), ("add", 0), ("unread",), ("take", 0, 1)])
def test_the_order_is_that_of_due_times_and_numbers(steps: list[tuple[Any, ...]]) -> None:
    lane = Lane((0, 1, 2, 3), ANY)
    assert (lane.priority, lane.tenant, lane.account) == (1, 2, 3)
    model: list[tuple[int, int]] = []
    read: list[tuple[int, int]] = []
    number = 0
    for step, *values in steps:
        match step:
            case "add":
                number += 1
                lane.add(number, values[0])
                model.append((values[0], number))
                model.sort()
            case "take":
                due = [each for each in model if each[0] <= values[0]][: values[1]]
                assert lane.first(*values) == [one for _, one in due]
                lane.drop(len(due))
                del model[: len(due)]
            case "read":
                if not read and (due := [each for each in model if each[0] <= values[0]][:3]):
                    lane.drop(len(due))
                    lane.ready = deque(job(one, at) for at, one in due)
                    del model[: len(due)]
                    read = due
            case "unread":
                lane.unread()
                model = sorted(model + read)
                read = []
            case "remove":
                found = next((each for each in model + read if each[1] == values[0]), (0, -1))
                lane.remove(found[1], found[0])
                model = [each for each in model if each != found]
                read = [each for each in read if each != found]
        assert lane.waiting == len(model)
        assert lane.due_ms == (model[0][0] if model else None)
        for now in (0, 10, 20):
            assert lane.due(now) == len(read) + sum(at <= now for at, _ in model)


def test_what_was_taken_gives_its_place_back() -> None:
    lane = Lane((0, 0, 1, 1), ANY)
    for number in range(10_000):
        lane.add(number, number)
    for at in range(0, 9_000, 60):
        assert lane.first(20_000, 60) == list(range(at, at + 60))
        lane.drop(60)
    assert len(lane._due) < 3_000
    lane.add(-1, 0)
    assert lane.first(20_000, 2) == [-1, 9_000]
    lane.empty()
    assert (lane.waiting, lane.due_ms, lane.due(1 << 60)) == (0, None, 0)
