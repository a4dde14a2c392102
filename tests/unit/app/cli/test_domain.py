"""``mailstead domain``"""

import itertools
import json

from tests.unit.app.cli.conftest import Site


def test_a_domain_is_added_once_and_signs_with_two_keys(site: Site) -> None:
    assert 550 == site.send("x@new.test", "too early")[0]
    assert "is there" in site.said("domain", "add", "new.test")
    assert site.refused("domain", "add", "new.test")
    assert "new.test" in {row["name"] for row in site.listed("domain", "list")}
    keys = site.listed("domain", "keys", "new.test")
    assert {"rsa", "ed25519"} == {row["kind"] for row in keys}
    records = site.said("domain", "dns", "new.test")
    for key in keys:
        assert f"{key['selector']}._domainkey.new.test" in records
    for word in ("v=spf1", "_dmarc.new.test", " MX ", "v=STSv1", "v=TLSRPTv1"):
        assert word in records
    lines = records.splitlines()
    assert all(line.startswith(";") != following.startswith(";") for line, following in itertools.pairwise(lines))


def test_keys_are_used_and_rotated(site: Site) -> None:
    def states() -> dict[str, str]:
        return {row["selector"]: row["state"] for row in site.listed("domain", "keys", "turn.test")}

    site.said("domain", "add", "turn.test")
    old = set(states())
    assert {"waiting"} == set(states().values())
    for selector in old:
        assert "signs for" in site.said("domain", "use-key", "turn.test", selector)
    assert {"signing"} == set(states().values())
    assert "Publish" in site.said("domain", "rotate", "turn.test")
    new = set(states()) - old
    assert {"waiting"} == {states()[selector] for selector in new}
    assert len(new) == len(old)
    for selector in new:
        site.said("domain", "use-key", "turn.test", selector)
    assert ({"signing"}, {"retired"}) == ({states()[selector] for selector in new}, {states()[selector] for selector in old})
    assert "mailstead domain keys" in site.refused("domain", "use-key", "turn.test", "nonsense")
    assert site.refused("domain", "keys", "unknown.test")


def test_unknown_addresses_go_to_the_catch_all(site: Site) -> None:
    address = site.account("ivy")
    assert 550 == site.send("whoever@example.test", "refused")[0]
    site.said("domain", "set", "example.test", "--catch-all", address)
    assert 250 == site.send("whoever@example.test", "caught")[0]
    assert ["caught"] == site.subjects(address)
    assert "are refused" in site.said("domain", "set", "example.test", "--catch-all", "")
    assert 550 == site.send("whoever@example.test", "refused")[0]


def test_what_is_not_in_the_dns_is_found(site: Site) -> None:
    done = site.run("domain", "check", "example.test", "--json")
    rows = json.loads(done.stdout)
    assert {"MX", "SPF"} <= {row["what"].split()[0] for row in rows}
    assert (1 if any(row["verdict"] == "bad" for row in rows) else 0) == done.exit_code
    assert all(row["fix"] for row in rows if row["verdict"] == "bad")
