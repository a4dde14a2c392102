"""``mailstead account``: who may log in, with what, and when no more."""

import http.client
import json
from pathlib import Path

import pytest
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


def test_a_new_password_ends_what_was_signed_in_with_the_old(site: Site) -> None:
    address = site.account("gil")

    def api(method: str, body: object = None, cookie: str = "") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", site.server.ports["http"], timeout=30)
        headers = {"Content-Type": "application/json", **({"Cookie": cookie} if cookie else {})}
        connection.request(method, "/api/session", json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        answer.read()
        cookies = "; ".join(line.split(";")[0] for line in answer.headers.get_all("Set-Cookie") or ())
        connection.close()
        return answer.status, cookies

    status, cookies = api("POST", {"login": address, "password": PASSWORD, "code": ""})
    assert (200, 200) == (status, api("GET", cookie=cookies)[0])
    site.said("account", "set-password", address, "--password-stdin", stdin="a better password\n")
    assert 204 == api("GET", cookie=cookies)[0]


def test_accounts_from_a_file(site: Site, tmp_path: Path) -> None:
    """Also one that a spreadsheet has written: with a mark of its encoding, a heading and quotes."""
    source = tmp_path / "people.csv"
    source.write_bytes('address,password,quota,name\r\nkim@example.test,"a, good password",1 MiB,"Müller, Kim"\r\n\r\nlee@example.test,another one\r\n'.encode("utf-8-sig"))
    assert "2 accounts are there" in site.said("account", "add", "--from", str(source))
    assert site.login("kim@example.test", "a, good password")
    assert {"name": "Müller, Kim", "quota": 1 << 20}.items() <= json.loads(site.said("account", "show", "kim@example.test", "--json")).items()
    assert json.loads(site.said("account", "show", "lee@example.test", "--json"))["file"].startswith("mail-00")


@pytest.mark.parametrize(("octets", "told"), [
    (b"m@example.test,\xff\xfe\n", "not in UTF-8"), (b"m@example.test\n", "line 1: must be address,password"), (b"m@example.test,good password,much\n", "line 1: "),
    (b"address,password\nnobody,good password\n", "line 2: "), (b"m@nowhere.test,good password\n", "domain add nowhere.test"),
])  # fmt: skip
def test_a_file_that_is_none_adds_nobody(site: Site, tmp_path: Path, octets: bytes, told: str) -> None:
    source = tmp_path / "people.csv"
    source.write_bytes(octets)
    assert told in site.refused("account", "add", "--from", str(source))
    assert "m@example.test" not in {row["address"] for row in site.listed("account", "list")}


def test_a_short_password_is_refused(site: Site, tmp_path: Path) -> None:
    for words in (("add", "ned@example.test"), ("set-password", "admin@example.test")):
        for password in ("", "seven 7"):
            said = site.refused("account", *words, "--password-stdin", stdin=password + "\n")
            assert ("at least 8 characters" if password else "is empty") in said
    rows = tmp_path / "rows.csv"
    rows.write_text("oli@example.test,seven 7\n")
    assert "8 to 1024 characters" in site.refused("account", "add", "--from", str(rows))
    assert not {"ned@example.test", "oli@example.test"} & {row["address"] for row in site.listed("account", "list")}
