"""No command without effect: those that the sources define or bind to a key stand in ``registry``, each with a test that there is.

That the test carries it out, and that no flow is offered another, is asked of each test as it runs (``conftest``).
"""

import ast
import re
from pathlib import Path

import pytest
from tests.harness.browser import WEB
from tests.interop.web.registry import NAMED

pytestmark = pytest.mark.interop


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
