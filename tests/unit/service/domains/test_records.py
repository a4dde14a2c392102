from mailstead.service.domains.records import records, sts_id, sts_policy
from mailstead.service.queue.pools import Pool
from mailstead.store.interface import DkimKey

KEY = DkimKey("example.org", "r1", "rsa", "signing", 0, "v=DKIM1; k=rsa; p=" + "A" * 400, b"")


def test_every_record_has_a_line_and_says_what_it_is_for() -> None:
    found = records("example.org", "mx.example.net", keys=[KEY])
    assert all(one.why and one.line().startswith(one.name + ".") for one in found)
    by_name = {(one.name, one.type): one.value for one in found}
    assert "10 mx.example.net." == by_name["example.org", "MX"]
    assert '"v=spf1 mx -all"' == by_name["example.org", "TXT"]
    key = by_name["r1._domainkey.example.org", "TXT"]
    assert all(len(piece) <= 257 for piece in key.split(" ") if piece.startswith('"A'))
    assert KEY.record == key.replace('" "', "")[1:-1]


def test_pools_that_serve_a_domain_may_send_and_have_a_name() -> None:
    pools = [Pool("news", ("192.0.2.10", "2001:db8::10"), "news.example.net", ("list@example.org",)), Pool("other", ("192.0.2.20",), senders=("else.example",))]
    found = [(one.name, one.type, one.text or one.value) for one in records("example.org", "mx.example.net", pools=pools)]
    assert ("example.org", "TXT", "v=spf1 mx ip4:192.0.2.10 ip6:2001:db8::10 -all") in found
    assert {("news.example.net", "A", "192.0.2.10"), ("news.example.net", "AAAA", "2001:db8::10")} <= set(found)
    assert not any("192.0.2.20" in value for _, _, value in found)


def test_the_policy_is_testing_until_a_certificate_is_trusted_and_its_id_changes_with_it() -> None:
    assert ["testing", "enforce"] == [sts_policy("mx.example.net", is_trusted=trusted).mode for trusted in (False, True)]
    assert sts_id(sts_policy("mx.example.net", is_trusted=True)) != sts_id(sts_policy("mx.example.net", is_trusted=False))
    assert sts_policy("mx.example.net", is_trusted=True).allows("MX.example.net")


def test_the_servers_own_name_has_a_policy_too() -> None:
    """RFC 7208 §2.3: notices have the null reverse-path, and are judged by it."""
    found = {(one.name, one.type): one.value for one in records("example.org", "mx.example.net")}
    assert '"v=spf1 a -all"' == found["mx.example.net", "TXT"]
    assert 1 == sum(one.value.startswith('"v=spf1') for one in records("mx.example.net", "MX.example.net"))
