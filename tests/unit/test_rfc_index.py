"""docs/rfc/index.txt and the citations in src say the same."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"(\d+) +(yes|partial|planned|no) +(\S.*)")
CITATION = re.compile(r"\bRFC (\d+)\b")


def _index() -> dict[int, str]:
    statuses: dict[int, str] = {}
    for line in (ROOT / "docs/rfc/index.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match is not None, f"docs/rfc/index.txt: malformed: {line}"
            assert int(match[1]) not in statuses, f"docs/rfc/index.txt: RFC {match[1]} is there twice"
            statuses[int(match[1])] = match[2]
    return statuses


def _cited() -> dict[int, str]:
    where: dict[int, str] = {}
    client = [path for path in (ROOT / "web/src").rglob("*") if path.suffix in {".ts", ".svelte"}]
    for path in [*sorted((ROOT / "src").rglob("*.py")), *sorted(client)]:
        for number in CITATION.findall(path.read_text()):
            where.setdefault(int(number), str(path.relative_to(ROOT)))
    return where


def test_what_is_cited_is_listed() -> None:
    index = _index()
    assert [] == [f"RFC {number} ({path})" for number, path in _cited().items() if number not in index]


def test_what_is_done_is_cited() -> None:
    cited = _cited()
    assert [] == [f"RFC {number}" for number, status in _index().items() if status in {"yes", "partial"} and number not in cited]


def test_what_is_refused_is_not_cited() -> None:
    cited = _cited()
    assert [] == [f"RFC {number} ({cited[number]})" for number, status in _index().items() if status == "no" and number in cited]
