"""Ten tasks as by somebody who is here for the first time: docs/usability.md says how many clicks and keys each takes."""

import re
from pathlib import Path

import pytest
from tests.harness.browser import WEB, Browser
from tests.harness.samples import fill
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import eventually, holds

pytestmark = pytest.mark.interop
NEWCOMER, FRIEND, OTHER = "alice@example.test", "bob@example.test", "carol@example.test"
TASK = re.compile(r"^\| [a-z].* \| (\d+) \| (\d+) \| [\d.]+ s \| \d+ \|$", re.MULTILINE)


def test_they_take_what_the_page_says(tmp_path: Path) -> None:
    told = [(int(clicks), int(keys)) for clicks, keys in TASK.findall((WEB.parent / "docs" / "usability.md").read_text("utf-8"))]
    # A server of its own, for the mail of the demo is answered to those whom it comes from.
    with Server(tmp_path / "web", workers=1).init((NEWCOMER, FRIEND, OTHER)) as site:
        site.start()
        fill(site, NEWCOMER)
        with Browser(f"http://127.0.0.1:{site.ports['http']}") as browser:
            seen = browser.run("tenTasks", {"name": "newcomer", "login": NEWCOMER, "password": PASSWORD}, friend=FRIEND)
        assert 10 == len(seen)
        assert told == [(one["clicks"], one["keys"]) for one in seen]
        assert holds(site, "Recipes", "On long lines", NEWCOMER)
        assert not holds(site, "INBOX", "Choir rehearsal", NEWCOMER)
        eventually(lambda: holds(site, "INBOX", "The key", FRIEND))
        assert not holds(site, "INBOX", "Lunch", FRIEND)
        assert site.verify() == []
