"""What the page holds after hours of work. How much that is, ``python -m bench.web`` says; here is asked that it comes to an end."""

from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, put

pytestmark = pytest.mark.interop
WORKER = PEOPLE[26]
WARM = 1
MORE = 2


def test_what_is_done_over_and_over_leaves_nothing_behind(site: Server, browser: Browser) -> None:
    for number in range(12):
        put(site, f"Over and over {number}", to=WORKER)
    device = {"name": "worker", "login": WORKER, "password": PASSWORD}

    def stretch() -> dict[str, Any]:
        found: dict[str, Any] = browser.run("stretch", device, rounds=4, steps=4)
        return found

    before = [stretch() for _ in range(WARM)][-1]
    after = [stretch() for _ in range(MORE)][-1]
    assert before["frames"] == after["frames"], (before, after)
    assert after["listeners"] <= before["listeners"] + 4, (before, after)
    assert after["nodes"] <= before["nodes"] * 1.02, (before, after)
    assert after["heap"] <= before["heap"] + 1.2, (before, after)
