"""``mailstead tenant``"""

from tests.harness.server import PASSWORD
from tests.unit.app.cli.conftest import Site


def test_a_tenant_holds_as_many_accounts_as_it_may(site: Site) -> None:
    assert "is there" in site.said("tenant", "add", "Small Ltd", "--accounts", "1", "--room", "1 GiB")
    row = {row["name"]: row for row in site.listed("tenant", "list")}["Small Ltd"]
    assert (1, 1 << 30) == (row["max_accounts"], row["max_octets"])
    site.said("domain", "add", "small.test", "--tenant", "Small Ltd")
    site.said("account", "add", "a@small.test", "--password-stdin", stdin=PASSWORD + "\n")
    assert "1" in site.refused("account", "add", "b@small.test", "--password-stdin", stdin=PASSWORD + "\n")
    assert site.refused("tenant", "add", "Small Ltd")
    assert site.refused("domain", "add", "other.test", "--tenant", "Nobody")
