"""``mailstead alias``"""

from tests.unit.app.cli.conftest import Site


def test_mail_for_an_alias_arrives_until_it_is_deleted(site: Site) -> None:
    address = site.account("fay")
    assert "leads to" in site.said("alias", "add", "sales@example.test", address)
    assert 250 == site.send("sales@example.test", "an order")[0]
    assert ["an order"] == site.subjects(address)
    assert {"address": "sales@example.test", "target": address}.items() <= site.listed("alias", "list", "--domain", "example.test")[0].items()
    assert "sales@example.test" in site.said("alias", "list")
    site.said("alias", "delete", "sales@example.test")
    assert 550 == site.send("sales@example.test", "late")[0]
    assert "mailstead alias list" in site.refused("alias", "delete", "sales@example.test")


def test_an_alias_to_nobody_is_made_and_told(site: Site) -> None:
    assert "Nobody has the address" in site.said("alias", "add", "early@example.test", "later@example.test")
    assert 550 == site.send("early@example.test", "too soon")[0]
    address = site.account("wim")
    assert "Nobody" not in site.said("alias", "add", "late@example.test", address)
    assert "Nobody" not in site.said("alias", "add", "away@example.test", "somebody@else.where")


def test_an_alias_is_no_address_that_is_taken(site: Site) -> None:
    assert "is an account" in site.refused("alias", "add", "alice@example.test", "bob@example.test")
    assert site.refused("alias", "add", "x@elsewhere.test", "bob@example.test")
    assert site.refused("alias", "add", "no address", "bob@example.test")
