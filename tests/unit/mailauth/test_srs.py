import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstead.mailauth.srs import LASTS_DAYS, Rewriter
from mailstead.model.address import Address

DAY = 86_400
OURS = Rewriter(b"s" * 32, "ours.test")
THEIRS = Rewriter(b"t" * 32, "theirs.test")
NOW = 20_000 * DAY
ALICE = Address("alice", "example.org")


def test_a_notice_finds_the_author_again() -> None:
    rewritten = OURS.forward(ALICE, NOW)
    assert rewritten is not None
    assert "ours.test" == rewritten.domain
    assert rewritten.local.startswith("SRS0=")
    assert ALICE == OURS.reverse(rewritten, NOW)
    assert ALICE == OURS.reverse(Address(rewritten.local.lower(), "OURS.test"), NOW + LASTS_DAYS * DAY)


def test_an_address_expires() -> None:
    rewritten = OURS.forward(ALICE, NOW)
    assert rewritten is not None
    assert OURS.reverse(rewritten, NOW + (LASTS_DAYS + 1) * DAY) is None


def test_null_stays_null_and_ours_stays_ours() -> None:
    assert OURS.forward(None, NOW) is None
    assert Address("bob", "ours.test") == OURS.forward(Address("bob", "ours.test"), NOW)


def test_the_way_through_three_forwarders() -> None:
    first = THEIRS.forward(ALICE, NOW)
    second = OURS.forward(first, NOW)
    third = Rewriter(b"u" * 32, "third.test").forward(second, NOW)
    assert first is not None
    assert second is not None
    assert third is not None
    assert second.local.startswith("SRS1=")
    assert "theirs.test" in third.local
    assert "ours.test" not in third.local
    assert first == Rewriter(b"u" * 32, "third.test").reverse(third, NOW)
    assert first == OURS.reverse(second, NOW)
    assert ALICE == THEIRS.reverse(first, NOW)


@pytest.mark.parametrize("change", [
    lambda local: local.replace("alice", "mallory"), lambda local: local.replace("example.org", "victim.test"),
    lambda local: "SRS0=AAAAAAAA=" + local.split("=", 2)[2], lambda local: "x" + local, lambda local: local.removesuffix("alice"),
])  # fmt: skip
def test_nobody_makes_one_up(change: object) -> None:
    rewritten = OURS.forward(ALICE, NOW)
    assert rewritten is not None
    assert OURS.reverse(Address(change(rewritten.local), "ours.test"), NOW) is None  # type: ignore[operator]


@pytest.mark.parametrize("local", ["SRS0=\u212aAAA\u017fAAA=AA=example.org=alice", "SRS0=AAAAAAAA=\u212a\u017f=example.org=alice", "SRS1=\u212aAAAAAAA=theirs.test==AAAA=AA=example.org=alice"])
def test_letters_that_only_fold_to_ours_are_none(local: str) -> None:
    assert OURS.reverse(Address(local, "ours.test"), NOW) is None


def test_what_is_too_long_is_not_carried() -> None:
    assert OURS.forward(Address("a" * 180, "example.org"), NOW) is None


@given(st.text(max_size=80))
def test_any_local_part_gives_an_address_or_none(local: str) -> None:
    for kind in ("", "SRS0=", "SRS1="):
        OURS.reverse(Address(kind + local, "ours.test"), NOW)
