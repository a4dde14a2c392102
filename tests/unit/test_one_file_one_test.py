"""Each source file has a test of its own name, or docs/develop/tests.md says which suite covers it (STYLE §1, habit 7)."""

import re
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/mailstead"
ROW = re.compile(r"^\| (`[^|]+`) \| (`[^|]+`) \| [^|]+ \|$", re.MULTILINE)
WORD = re.compile(r"`([^`]+)`")


def _table() -> list[tuple[list[str], list[str]]]:
    """(patterns of files, suites) of each row."""
    text = (ROOT / "docs/develop/tests.md").read_text()
    section = text[text.index("## One file, one test") :]
    section = section[: section.index("\n## ", 1)]
    return [(WORD.findall(files), WORD.findall(suites)) for files, suites in ROW.findall(section)]


def _without_a_test() -> list[str]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE)
        own = ROOT / "tests/unit" / name.parent / f"test_{name.stem.rstrip('_')}.py"
        if name.stem not in {"__init__", "__main__"} and not own.exists():
            found.append(str(name))
    return found


def _covers(pattern: str, name: str) -> bool:
    """A pattern is for one folder: its ``*`` stands for any name in it, its braces for the names they hold."""
    head, mark, rest = pattern.partition("{")
    if mark:
        inner, _, tail = rest.partition("}")
        return name in {f"{head}{one}{tail}" for one in inner.split(",")}
    return pattern.count("/") == name.count("/") and fnmatch(name, pattern if pattern.endswith(".py") else f"{pattern}.py")


def test_each_file_has_its_test_or_its_suite() -> None:
    patterns = [pattern for files, _ in _table() for pattern in files]
    assert [] == [name for name in _without_a_test() if not any(_covers(pattern, name) for pattern in patterns)]


def test_the_table_says_nothing_that_is_not() -> None:
    names = _without_a_test()
    for files, suites in _table():
        assert [] == [suite for suite in suites if not (ROOT / "tests" / suite).exists()]
        assert [] == [pattern for pattern in files if not any(_covers(pattern, name) for name in names)]
