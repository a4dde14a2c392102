"""A flow waits for what it says: ``waitForFunction`` takes a promise for something true and does not wait at all."""

import re
from pathlib import Path

FLOW = Path(__file__).parents[3] / "web" / "flow"
ASYNC = re.compile(r"waitForFunction\(\s*async\b")


def test_what_answers_late_is_waited_for_by_until() -> None:
    files = sorted(FLOW.rglob("*.mjs"))
    assert len(files) > 20
    assert [] == [file.name for file in files if ASYNC.search(file.read_text("utf-8"))]
    assert ASYNC.search("page.waitForFunction(async () => true)")
