"""``mailstead queue``: a password never stands on the command line, and which mail is meant."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mailstead.app.cli import program
from mailstead.app.cli import queue as module


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []

    def perform(_data: Path, name: str, **arguments: Any) -> dict[str, int]:
        assert "queue_reroute" == name
        seen.append(arguments)
        return {"entries": 1}

    monkeypatch.setattr(module, "perform", perform)
    return seen


def reroute(to: str, *more: str, stdin: str = "") -> Result:
    return CliRunner().invoke(program, ["queue", "reroute", "--all", "--to", to, *more, "--data", "x"], input=stdin)


@pytest.mark.parametrize(("to", "whole"), [
    ("relay.example:25", "relay.example:25"), ("lmtp://relay.example:24", "lmtp://relay.example:24"), ("", ""),
    ("smtps://user@relay.example:465", "smtps://user:a%3A%40%2Fb@relay.example:465"), ("user@relay.example", "user:a%3A%40%2Fb@relay.example"),
])  # fmt: skip
def test_the_password_is_read_where_there_is_a_user(asked: list[dict[str, Any]], to: str, whole: str) -> None:
    done = reroute(to, "--password-stdin", stdin="a:@/b\n")
    assert 0 == done.exit_code, done.output
    assert whole == asked[0]["to"]
    assert "a:@/b" not in done.output


@pytest.mark.parametrize("to", ["smtps://user:hunter2@relay.example", "user:hunter2@relay.example:25", "smtps://user:p@w@relay.example"])
def test_a_password_on_the_command_line_is_wrong_usage(asked: list[dict[str, Any]], to: str) -> None:
    done = reroute(to, "--password-stdin", stdin="x\n")
    assert 2 == done.exit_code
    assert "hunter2" not in done.output
    assert [] == asked


def test_without_a_terminal_it_must_be_said_where_the_password_comes_from(asked: list[dict[str, Any]]) -> None:
    assert 2 == reroute("smtps://user@relay.example").exit_code
    assert [] == asked


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--tenant", "2"], {"tenant": 2, "all": True}), (["--tenant", "2", "--domain", "a.example"], {"tenant": 2, "all": False, "domain": "a.example"}),
        (["S1"], {"tenant": None, "all": False, "ids": ["S1"]}), (["--all"], {"tenant": None, "all": True}),
    ],
)  # fmt: skip
def test_a_tenant_alone_means_all_of_its_mail(asked: list[dict[str, Any]], words: list[str], meant: dict[str, Any]) -> None:
    done = CliRunner().invoke(program, ["queue", "reroute", *words, "--to", "", "--data", "x"])
    assert 0 == done.exit_code, done.output
    assert meant == {name: asked[0][name] for name in meant}
