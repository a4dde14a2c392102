"""Commands against a running server: words in, words out, exit codes."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.unit.app.family import Family

from mailstead.app.cli import program, session


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    made = Family(tmp_path, workers=1)
    try:
        yield made.ready()
    finally:
        made.end()


def do(family: Family, *words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(program, [*words, "--data", str(family.folder)], input=stdin)


def test_accounts_are_added_listed_and_shown(family: Family, tmp_path: Path) -> None:
    done = do(family, "account", "add", "alice@example.test", "--password-stdin", "--quota", "2 GiB", stdin="a good password\n")
    assert (0, "alice@example.test is there.\n") == (done.exit_code, done.output)
    done = do(family, "account", "add", "alice@example.test", "--password-stdin", stdin="another password\n")
    assert 1 == done.exit_code
    assert "mailstead: alice@example.test is there already." in done.output
    rows = json.loads(do(family, "account", "list", "--json").stdout)
    assert [("alice@example.test", 2 << 30, 15)] == [(row["address"], row["quota"], row["letters"]) for row in rows]
    assert "2 GiB" in do(family, "account", "list").output
    assert "state" in do(family, "account", "show", "alice@example.test").output
    assert 1 == do(family, "account", "show", "nobody@example.test").exit_code
    assert 0 == do(family, "account", "quota", "alice@example.test", "none").exit_code
    csv = tmp_path / "many.csv"
    csv.write_text("address,password,quota,name\n" + "".join(f"u{n}@example.test,pass{n},1 GiB,User {n}\n" for n in range(50)))
    assert "50 accounts are there.\n" == do(family, "account", "add", "--from", str(csv)).output
    assert 51 == len(json.loads(do(family, "account", "list", "--json").stdout))


def test_wrong_usage_is_2_and_a_refusal_is_1(family: Family, tmp_path: Path) -> None:
    assert 2 == do(family, "account", "add").exit_code
    assert 2 == do(family, "account", "add", "a@example.test").exit_code  # no terminal, no --password-stdin
    assert 2 == do(family, "account", "quota", "a@example.test", "much").exit_code
    assert 2 == do(family, "nonsense").exit_code
    csv = tmp_path / "bad.csv"
    csv.write_text("a@example.test,x\nno address\n")
    done = do(family, "account", "add", "--from", str(csv))
    assert (1, True) == (done.exit_code, "line 2" in done.output)
    assert 1 == do(family, "account", "add", "a@example.test", "--password-stdin", stdin="\n").exit_code


def test_verify_says_what_it_found(family: Family) -> None:
    done = do(family, "verify", "--json")
    assert (1, {"findings": ["0:hello", "False"]}) == (done.exit_code, json.loads(done.stdout))
    assert 0 == do(family, "verify", "--repair").exit_code


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    for words in (["account", "list"], ["serve"]):
        done = CliRunner().invoke(program, [*words, "--data", str(tmp_path)])
        assert 1 == done.exit_code
        assert "mailstead init" in done.output


def test_init_wants_an_administrator_of_the_domain(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        program,
        ["init", "--data", str(tmp_path / "d"), "--domain", "a.test", "--hostname", "m.a.test", "--admin", "x@b.test", "--password-stdin"],
        input="p\n",
    )
    assert 2 == done.exit_code


class Narrow(io.RawIOBase):
    """What takes no more than a pipe does at one time."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, octets: Any) -> int:
        self.taken += bytes(octets)[:4096]
        return min(len(octets), 4096)


def test_a_long_listing_is_whole_where_python_does_not_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = Narrow()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(narrow, "utf-8", write_through=True))  # type: ignore[type-var] # as PYTHONUNBUFFERED has it
    rows = [{"id": number, "name": "ä€𝄞" * 50} for number in range(200)]
    session.show_json(rows)
    assert rows == json.loads(narrow.taken)
