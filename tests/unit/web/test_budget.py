"""What the first visit loads stays small: measured in the committed build, gzipped as the server does it."""

import gzip
import re
from importlib import resources

DIST = resources.files("mailstead.web") / "dist"
FIRST_VISIT = 90_000
LIST_AND_READER_BEYOND = 45_000
STYLES = 15_000


def size(name: str) -> int:
    return len(gzip.compress((DIST / name).read_bytes(), 9, mtime=0))


def with_imports(names: set[str]) -> set[str]:
    """The scripts and what they import at once, not what they ask for later."""
    found: set[str] = set()
    while names - found:
        name = (names - found).pop()
        found.add(name)
        text = (DIST / name).read_text()
        names |= {f"assets/{one}" for one in re.findall(r'(?:^|[;}\s])import\s*(?:[^"\'()]*?from\s*)?["\']\./([^"\']+)["\']', text)}
    return found


def first_visit() -> set[str]:
    return with_imports(set(re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', (DIST / "index.html").read_text())))


def test_scripts_of_the_first_visit() -> None:
    assert sum(map(size, first_visit())) <= FIRST_VISIT


def test_what_reading_a_conversation_adds() -> None:
    reader = next(one.name for one in (DIST / "assets").iterdir() if one.name.startswith("Reader-") and one.name.endswith(".js"))
    more = with_imports({f"assets/{reader}"}) - first_visit()
    assert sum(map(size, more)) <= LIST_AND_READER_BEYOND


def test_style_sheets() -> None:
    styles = re.findall(r'href="/(assets/[^"]+\.css)"', (DIST / "index.html").read_text())
    assert styles
    assert sum(map(size, styles)) <= STYLES
