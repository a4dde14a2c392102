"""A mark says exactly what has moved since."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstead.model import limits
from mailstead.model.ids import AccountId
from mailstead.service.push import mark
from mailstead.service.push.watching import AccountStates

ACCOUNTS = st.integers(0, (1 << 63) - 1).map(AccountId)
STATES = st.dictionaries(ACCOUNTS, st.dictionaries(st.sampled_from(["Email", "Mailbox", "Thread", "Quota"]), st.text("0123456789-", max_size=9), max_size=4), max_size=4)


@given(STATES, STATES)
def test_what_has_moved(before: AccountStates, now: AccountStates) -> None:
    text = mark.made(before)
    assert text.replace("-", "").replace("_", "").isalnum() or not text
    assert {} == mark.moved(before, mark.read(text))
    wanted = {account: {name: state for name, state in types.items() if before.get(account, {}).get(name) != state} for account, types in now.items()}
    assert {account: types for account, types in wanted.items() if types} == mark.moved(now, mark.read(text))


@given(st.text(max_size=60) | st.text("ABab01_-", max_size=60))
def test_of_what_is_no_mark_nothing_is_known(text: str) -> None:
    assert all(isinstance(one, frozenset) for one in mark.read(text).values())


@pytest.mark.parametrize("text", ["", "x", "\u00e9", "A" * (limits.HTTP_HEADER + 1), mark.made({AccountId(7): {"Email": "1-1"}})[:-4]])
def test_what_is_none(text: str) -> None:
    assert {} == mark.read(text)


def test_it_is_bounded() -> None:
    many: AccountStates = {AccountId(number): {"Email": "1-1"} for number in range(limits.EVENT_ID_ACCOUNTS + 2)}
    assert [limits.EVENT_ID_ACCOUNTS, limits.EVENT_ID_ACCOUNTS + 1] == list(mark.moved(many, mark.read(mark.made(many))))
