"""What the first visit loads stays small: measured in the committed build, gzipped as the server does it."""

import gzip
import json
import re
from importlib import resources
from pathlib import Path

DIST = resources.files("mailstead.web") / "dist"
FIRST_VISIT = 90_000
LIST_AND_READER_BEYOND = 45_000
"""What reading adds to the first visit, and what their own graph of imports weighs without the framework and the messages."""
LIST_AND_READER_WITH_ALL = 45_000
"""The same graph with the framework and the messages. What shows a text (the frame, the cleaning, attachments) comes beside the first text."""
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
    parts = [one.name for one in (DIST / "assets").iterdir() if re.match(r"(?:Reader|Body|purify)[-.].*\.js$", one.name)]
    assert len(parts) == 3
    more = with_imports({f"assets/{part}" for part in parts}) - first_visit()
    assert sum(map(size, more)) <= LIST_AND_READER_BEYOND


def test_style_sheets() -> None:
    styles = re.findall(r'href="/(assets/[^"]+\.css)"', (DIST / "index.html").read_text())
    assert styles
    assert sum(map(size, styles)) <= STYLES


def test_the_list_and_the_reader_with_all_that_they_import() -> None:
    sizes = json.loads((Path(__file__).parents[3] / "web" / "sizes.json").read_text())
    assert f'"{sizes["version"]}"' in (DIST / "sw.js").read_text(), "web/sizes.json is of another build: run `make web`"
    assert sizes["listAndReader"] - sizes["frameworkAndMessages"] <= LIST_AND_READER_BEYOND
    assert sizes["listAndReader"] <= LIST_AND_READER_WITH_ALL


def test_no_message_is_lost_when_the_build_parts_them() -> None:
    catalogue = (Path(__file__).parents[3] / "web" / "src" / "kit" / "i18n" / "en.ts").read_text()
    names = re.findall(r"^  '?([\w.-]+)'?:", catalogue, re.MULTILINE)
    first = "".join((DIST / name).read_text() for name in first_visit())
    late = next(one.read_text() for one in (DIST / "assets").iterdir() if one.name.startswith("late-"))

    def holds(text: str, name: str) -> bool:
        return re.search(rf"(?<![\w.'\"`-])['\"`]?{re.escape(name)}['\"`]?:", text) is not None

    assert len(names) > 400
    assert [name for name in names if not holds(first, name) and not holds(late, name)] == []
    assert sum(holds(late, name) for name in names) > 100
