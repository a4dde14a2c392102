"""``python -m bench.lighthouse``: what Lighthouse says of the sign-in page and of the inbox, beside the goal of 95 in each category; exit 1 where one is missed.

Needs Node, Chromium and ``npm ci`` in ``web/lighthouse``: Lighthouse is kept out of the client's own tools, for it brings 200 packages. Takes about three minutes.
The telephone is as fast as Lighthouse means it, whatever machine it is simulated on (`run.mjs`); ``LIGHTHOUSE_SLOWDOWN=4`` takes the factor that it has for a fast desk computer.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.harness.samples import fill
from tests.harness.server import PASSWORD, Server, family

READER: Final = "reader@example.test"
GOAL: Final = 95
FOLDER: Final = Path(__file__).parents[1] / "web" / "lighthouse"
WITHIN_S: Final = 900
_STEP_BACK: Final = 19
"""Niceness of the server and of Lighthouse itself: on a machine of two cores they would take the browser's time, which is what is measured."""


def main() -> int:
    """Print a line for each page and each audit that is not passed."""
    if not (FOLDER / "node_modules").is_dir():
        sys.exit("Lighthouse is not there: run `npm ci` in web/lighthouse first.")
    missed = 0
    with tempfile.TemporaryDirectory() as name, Server(Path(name), workers=1).init((READER,)).start() as server:
        fill(server, READER, flags="")
        if server.process:
            for process in family(server.process.pid):
                os.setpriority(os.PRIO_PROCESS, process, _STEP_BACK)
        done = subprocess.run(
            ["node", "run.mjs", f"http://127.0.0.1:{server.ports['http']}", READER, PASSWORD, str(_STEP_BACK)],
            cwd=FOLDER, stdout=subprocess.PIPE, text=True, timeout=WITHIN_S, check=True,
        )  # fmt: skip
        for line in done.stdout.splitlines():
            seen = json.loads(line)
            scores = seen["scores"]
            assert seen["shows"] == ("door" if seen["page"] == "/" else "list"), seen
            speed = f"{seen['slowdown']} times slower than this machine, whose index is {seen['index']:.0f}"
            print(f"{seen['page']} on a {seen['size']} ({speed}):", ", ".join(f"{name} {score}" for name, score in scores.items()), f"(of {seen['all']})", seen.get("runtimeError") or "")
            missed += sum(score < GOAL for score in scores.values())
            for audit in seen["missed"]:
                print(f"    {audit['id']} {audit['score']:.2f} {audit.get('value') or ''}", *audit["items"], sep="\n        ")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
