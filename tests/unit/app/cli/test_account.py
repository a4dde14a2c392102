"""``mailstead account``: who may log in, with what, and when no more."""

from tests.harness.server import PASSWORD
from tests.unit.app.cli.conftest import Site


def test_a_password_is_changed(site: Site) -> None:
    address = site.account("ann")
    assert site.login(address)
    site.said("account", "set-password", address, "--password-stdin", stdin="another good password\n")
    assert not site.login(address)
    assert site.login(address, "another good password")
    assert "password" in site.refused("account", "set-password", address, "--password-stdin", stdin="\n")


def test_a_suspended_account_neither_logs_in_nor_gets_mail(site: Site) -> None:
    address = site.account("ben")
    assert "is suspended" in site.said("account", "suspend", address)
    assert not site.login(address)
    assert site.send(address, "no")[0] in {450, 451, 550, 452}
    assert "is active" in site.said("account", "resume", address)
    assert site.login(address)
    assert 250 == site.send(address, "yes")[0]
    assert ["yes"] == site.subjects(address)


def test_a_deleted_account_comes_back_within_thirty_days_or_never(site: Site) -> None:
    address = site.account("cem")
    site.send(address, "kept")
    assert "30 days" in site.said("account", "delete", address)
    assert not site.login(address)
    site.said("account", "resume", address)
    assert ["kept"] == site.subjects(address)
    assert "for good" in site.said("account", "delete", address, "--now")
    assert site.refused("account", "resume", address)
    assert 550 == site.send(address, "gone")[0]
    assert address not in {row["address"] for row in site.listed("account", "list")}


def test_a_full_account_is_refused_mail(site: Site) -> None:
    address = site.account("dot", "--quota", "1 KiB")
    codes = [site.send(address, "x" * 400)[0] for _ in range(5)]
    assert 250 == codes[0]
    assert codes[-1] in {452, 552}
    assert "1 KiB" in site.said("account", "show", address)
    site.said("account", "quota", address, "none")
    assert 250 == site.send(address, "more")[0]


def test_an_app_password_opens_and_is_taken_back(site: Site) -> None:
    address = site.account("eva")
    made = site.said("account", "app-password", "add", address, "phone").splitlines()[0]
    assert site.login(address, made)
    assert ["phone"] == [row["label"] for row in site.listed("account", "app-password", "list", address)]
    assert made not in site.said("account", "app-password", "list", address)
    site.said("account", "app-password", "delete", address, "phone")
    assert not site.login(address, made)
    assert site.login(address, PASSWORD)
