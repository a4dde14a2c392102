"""How a server is called for a pool."""

import pytest

from mailstead.agent.hop import Way
from mailstead.agent.sources import Sources
from mailstead.net.socks import Socks
from mailstead.service.ports import NoSession
from mailstead.service.queue.pools import Pool

BASE = Way("us.example", 2525, source="192.0.2.1")
NEWS = Pool("news", ("192.0.2.10", "192.0.2.11"), "news.example", ("news.example",))


def test_a_pool_has_its_addresses_and_its_name() -> None:
    sources = Sources(BASE, [NEWS, Pool("plain", ("192.0.2.20",), senders=("b.example",))])
    found = [sources.way("news", "mx.example", "198.51.100.1") for _ in range(4)]
    assert {"192.0.2.10", "192.0.2.11"} == {way.source for way in found}
    assert {("news.example", 2525)} == {(way.us, way.port) for way in found}
    plain = sources.way("plain", "mx.example", "198.51.100.1")
    assert ("us.example", "192.0.2.20") == (plain.us, plain.source)


def test_without_a_pool_or_with_one_that_is_gone_it_is_the_usual_way() -> None:
    assert BASE is Sources(BASE, [NEWS]).way("", "mx.example", "198.51.100.1")
    assert BASE is Sources(BASE, [NEWS]).way("gone", "mx.example", "198.51.100.1")


def test_a_family_without_a_source_is_not_called_from_elsewhere() -> None:
    with pytest.raises(NoSession, match="no address from which 2001:db8::1 can be called") as caught:
        Sources(BASE, [NEWS]).way("news", "mx.example", "2001:db8::1")
    assert ("mx.example", False) == (caught.value.failed.hop, caught.value.failed.is_permanent)
    behind = Sources(Way("us.example", socks=Socks("127.0.0.1", 1080)), [NEWS]).way("news", "mx.example", "2001:db8::1")
    assert "news.example" == behind.us
