"""Who looks on hears of a long run, although pytest keeps what is written."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
from tests.harness.progress import progress

def test_it() -> None:
    print("kept")
    progress("some", 1, {total})
    progress("some", {total}, {total})
"""


def told(folder: Path, total: int) -> str:
    path = folder / "test_long.py"
    path.write_text(PROGRAM.format(total=total))
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={root}", "--confcutdir=/", "-p", "tests.conftest", str(path)],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_long_runs_say_how_far_they_are(tmp_path: Path) -> None:
    found = told(tmp_path, 1_000)
    assert "some: 1 of 1,000 kills\n" in found
    assert "some: 1,000 of 1,000 kills\n" in found
    assert "kept" not in found


def test_short_ones_do_not(tmp_path: Path) -> None:
    assert "kills" not in told(tmp_path, 40)
