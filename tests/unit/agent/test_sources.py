"""How a server is called for a pool."""

from mailstead.agent.hop import Way
from mailstead.agent.sources import Sources
from mailstead.net.socks import Socks
from mailstead.service.queue.pools import Pool

BASE = Way("us.example", 2525, source="192.0.2.1")
NEWS = Pool("news", ("192.0.2.10", "192.0.2.11"), "news.example", ("news.example",))


def test_a_pool_has_its_addresses_and_its_name() -> None:
    sources = Sources(BASE, [NEWS, Pool("plain", ("192.0.2.20",), senders=("b.example",))])
    found = [sources.way("news", "198.51.100.1") for _ in range(4)]
    assert {"192.0.2.10", "192.0.2.11"} == {way.source for way in found if way}
    assert {("news.example", 2525)} == {(way.us, way.port) for way in found if way}
    plain = sources.way("plain", "198.51.100.1")
    assert plain is not None
    assert ("us.example", "192.0.2.20") == (plain.us, plain.source)


def test_without_a_pool_or_with_one_that_is_gone_it_is_the_usual_way() -> None:
    assert BASE is Sources(BASE, [NEWS]).way("", "198.51.100.1")
    assert BASE is Sources(BASE, [NEWS]).way("gone", "198.51.100.1")


def test_a_family_without_a_source_is_not_called_from_elsewhere() -> None:
    assert Sources(BASE, [NEWS]).way("news", "2001:db8::1") is None
    behind = Sources(Way("us.example", socks=Socks("127.0.0.1", 1080)), [NEWS]).way("news", "2001:db8::1")
    assert behind is not None
    assert "news.example" == behind.us
