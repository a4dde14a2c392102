"""``mailstead group``"""

from tests.unit.app.cli.conftest import Site


def test_each_member_gets_one(site: Site) -> None:
    one, two = site.account("gus"), site.account("hal")
    assert "leads to 2 members" in site.said("group", "set", "team@example.test", one, two)
    site.send("team@example.test", "to both")
    site.said("group", "set", "team@example.test", two)
    site.send("team@example.test", "to one")
    assert ["to both"] == site.subjects(one)
    assert ["to both", "to one"] == site.subjects(two)
    (row,) = site.listed("group", "list")
    assert ("team@example.test", [two]) == (row["address"], row["members"])
    site.said("group", "delete", "team@example.test")
    assert 550 == site.send("team@example.test", "late")[0]
    assert "no groups" in site.said("group", "list")
    assert 2 == site.run("group", "set", "team@example.test").exit_code
