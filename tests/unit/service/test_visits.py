"""Who comes is written down once in a while."""

import pytest

from mailstead.model import limits
from mailstead.model.ids import AccountId, CredentialId, TenantId
from mailstead.model.question import Principal
from mailstead.service import visits
from mailstead.service.visits import Visits


def who(account: int = 1, credential: int = 0, revision: int = 1) -> Principal:
    return Principal(AccountId(account), TenantId(1), "a@example.test", "a@example.test", CredentialId(credential), revision)


def test_each_visitor_is_new_once_in_a_while() -> None:
    clock = [0.0]
    found = Visits(lambda: clock[0])
    all_ = [(who(), "h", "p"), (who(2), "h", "p"), (who(1, 5), "h", "p"), (who(1, 0, 2), "h", "p"), (who(), "i", "p"), (who(), "h", "q" * 5_000)]
    assert [True] * 6 == [found.is_new(*one) for one in all_]
    assert [False] * 6 == [found.is_new(*one) for one in all_]
    clock[0] = limits.VISIT_S
    assert [True] * 6 == [found.is_new(*one) for one in all_]


def test_who_was_written_down_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "_KEPT", 3)
    found = Visits(lambda: 0.0)
    assert [True] * 4 == [found.is_new(who(n), "h", "p") for n in range(4)]
    assert [False, True] == [found.is_new(who(n), "h", "p") for n in (3, 0)]
