"""Counters of failed logins: per address, network and login; bounded."""

import pytest

from mailstead.model import limits
from mailstead.service import guessing
from mailstead.service.guessing import LOGIN_FAILURES, NETWORK_FAILURES, Guessing, network_of


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


@pytest.fixture
def counted(clock: list[float]) -> Guessing:
    return Guessing(lambda: clock[0])


@pytest.mark.parametrize(
    ("key", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8::/64", "2001:db8:0::/48"),
        ("::/64", "0:0:0::/48"),
        ("unix", "unix"),
    ],
)
def test_networks(key: str, network: str) -> None:
    assert network == network_of(key)


def test_an_address(counted: Guessing, clock: list[float]) -> None:
    closed = [counted.failed("192.0.2.1", "alice") for _ in range(limits.AUTH_FAILURES_PER_ADDRESS)]
    assert [""] * (limits.AUTH_FAILURES_PER_ADDRESS - 1) + ["192.0.2.1"] == closed
    assert counted.is_banned("192.0.2.1")
    assert not counted.is_banned("192.0.2.2")
    clock[0] += limits.AUTH_BAN_S
    assert not counted.is_banned("192.0.2.1")


def test_failures_are_forgotten_with_the_window(counted: Guessing, clock: list[float]) -> None:
    for _ in range(50):
        counted.failed("192.0.2.1")
        clock[0] += limits.AUTH_WINDOW_S / 5
    assert not counted.is_banned("192.0.2.1")


def test_a_network(counted: Guessing) -> None:
    for number in range(NETWORK_FAILURES):
        counted.failed(f"192.0.2.{number}", f"user{number}")
    assert counted.is_banned("192.0.2.250")
    assert not counted.is_banned("192.0.3.1")


def test_a_login_guessed_from_everywhere_stays_open_to_its_owner(counted: Guessing, clock: list[float]) -> None:
    counted.succeeded("198.51.100.1", "Alice@example.org")
    for number in range(LOGIN_FAILURES):
        counted.failed(f"10.{number}.0.1", "alice@example.org")
    assert counted.is_closed("ALICE@example.org", "203.0.113.1")
    assert not counted.is_closed("alice@example.org", "198.51.100.1")
    assert not counted.is_closed("bob@example.org", "203.0.113.1")
    clock[0] += limits.AUTH_BAN_S
    assert not counted.is_closed("alice@example.org", "203.0.113.1")


def test_a_right_password_halves_the_count(counted: Guessing) -> None:
    for _ in range(3):
        for _ in range(limits.AUTH_FAILURES_PER_ADDRESS // 2):
            counted.failed("192.0.2.1")
        counted.succeeded("192.0.2.1", "alice")
    assert not counted.is_banned("192.0.2.1")


def test_memory_is_bounded(counted: Guessing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "_KEPT", 100)
    for number in range(1000):
        counted.failed(f"2001:db8:{number:x}:1::/64", f"user{number}")
        counted.succeeded(f"2001:db8:{number:x}:1::/64", f"user{number}")
    assert 100 == len(counted._addresses._records) == len(counted._logins._records) == len(counted._known)
