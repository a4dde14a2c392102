"""No command without effect: those that the sources define or bind to a key stand in ``registry``, each with a test that there is.

That the test carries it out, and that no flow is offered another, is asked of each test as it runs (``conftest``).
"""

import ast
import re
from pathlib import Path

import pytest
from tests.harness.browser import WEB
from tests.interop.web.registry import NAMED, ON_THE_SCREEN, ON_THE_SERVER

pytestmark = pytest.mark.interop
# What asks the server, over IMAP or JMAP, in the tests of the flows.
LOOKS = {"flags", "found", "holds", "IMAP4", "Jmap", "call", "imap", "acl", "session_of"}
# Commands that change something which the server has.
CHANGES = ("mail.", "compose.", "mailbox.", "thread.reply", "thread.forward")


def sources() -> set[str]:
    """The commands that the sources define, and those that a key is bound to."""
    found: set[str] = set()
    for path in (WEB / "src").rglob("*"):
        if path.suffix in {".ts", ".svelte"}:
            text = path.read_text()
            found.update(re.findall(r"\bid: '([a-z]+\.[a-z-]+)',\s+title:", text))
    found.update(re.findall(r"^  '([a-z]+\.[a-z0-9-]+)': \[", (WEB / "src/kit/keys.ts").read_text(), re.MULTILINE))
    return found


def test_every_command_of_the_sources_is_named() -> None:
    assert len(sources()) > 50
    assert set() == sources() - NAMED.keys()


def test_every_test_that_stands_for_commands_is_there_once() -> None:
    tests = [node.name for path in Path(__file__).parent.glob("test_*.py") for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    assert dict.fromkeys(NAMED.values(), 1) == {test: tests.count(test) for test in NAMED.values()}


def functions() -> dict[str, ast.FunctionDef]:
    return {node.name: node for path in Path(__file__).parent.glob("test_*.py") for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def called(node: ast.AST) -> list[tuple[int, str]]:
    """What is called in it, with the line where it is."""
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
    return [(one.lineno, one.func.attr if isinstance(one.func, ast.Attribute) else one.func.id if isinstance(one.func, ast.Name) else "") for one in calls]


def test_the_server_is_looked_at_behind_what_is_done() -> None:
    tests = functions()
    for name in ON_THE_SERVER:
        calls = called(tests[name])
        first = min(line for line, function in calls if function == "run")
        assert any(line > first and function in LOOKS for line, function in calls), f"{name} does not look at the server after the flow"


def test_what_the_server_has_is_not_looked_at_on_the_screen_alone() -> None:
    assert [] == [command for commands in ON_THE_SCREEN.values() for command in commands if command.startswith(CHANGES)]
