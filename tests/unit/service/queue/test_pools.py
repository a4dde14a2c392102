"""Whose mail leaves by which pool, and from which of its addresses."""

import pytest

from mailstead.service.queue.pools import Pool, Pools

NEWS = Pool("news", ("192.0.2.10", "2001:db8::10", "192.0.2.11"), "news.example.org", ("news.example.org", "list@example.org"))
BULK = Pool("bulk", ("192.0.2.20",), senders=("xn--bcher-kva.example",))


@pytest.mark.parametrize(
    ("reverse_path", "pool"),
    [
        ("a@news.example.org", "news"), ("A@News.Example.ORG", "news"), ("List@example.org", "news"), ("other@example.org", ""), ("a@sub.news.example.org", ""),
        ("x@bücher.example", "bulk"), ("", ""),
    ],
)  # fmt: skip
def test_the_address_counts_and_then_its_domain(reverse_path: str, pool: str) -> None:
    assert pool == Pools([NEWS, BULK]).of(reverse_path)
    assert not Pools().of(reverse_path)


def test_the_address_goes_before_its_domain() -> None:
    assert "one" == Pools([Pool("all", ("192.0.2.1",), senders=("a.example",)), Pool("one", ("192.0.2.2",), senders=("x@a.example",))]).of("x@a.example")


def test_sources_of_the_family_take_turns() -> None:
    assert ["192.0.2.10", "192.0.2.11", "192.0.2.10"] == [NEWS.source("198.51.100.1", turn) for turn in range(3)]
    assert "2001:db8::10" == NEWS.source("2001:db8::99", 7)
    assert not BULK.source("2001:db8::99", 0)
    assert {"192.0.2.10", "2001:db8::10", "192.0.2.11"} == {NEWS.source("relay.example", turn) for turn in range(3)}
