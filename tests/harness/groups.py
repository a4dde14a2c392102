"""How several processes part the tests (pytest-xdist): what stays together, and what begins first."""

from pathlib import Path
from typing import Final

from xdist.scheduler import LoadScopeScheduling

TESTS: Final = Path(__file__).parents[1]
TOGETHER: Final = ("interop/web", "unit/app/cli")
"""Folders whose tests share one server, and stay in one process."""
HALF: Final = (
    "interop/web/test_accessible.py", "interop/web/test_account.py", "interop/web/test_circumstances.py", "interop/web/test_commands.py",
    "interop/web/test_files.py", "interop/web/test_firefox.py", "interop/web/test_focus.py", "interop/web/test_hazards.py",
)  # fmt: skip
"""Of a folder that takes longer than all others together: these have a process, the others of that folder another."""
APART: Final = ("crash/test_power_cut.py",)
"""Files whose tests share nothing and take long."""
FIRST: Final = ("interop/web", "interop/test_network.py", "crash", "interop", "contract", "property", "flow", "fuzz", "transcript")
"""What takes long begins early, so that no process is alone with it in the end."""


def turn(path: Path) -> int:
    """When the tests of a file come: the lower, the earlier."""
    where = path.relative_to(TESTS).as_posix() if path.is_relative_to(TESTS) else ""
    return next((number for number, one in enumerate(FIRST) if where == one or where.startswith(f"{one}/")), len(FIRST))


def group(nodeid: str) -> str:
    """The group of a test: its folder, its file, or it alone."""
    where = nodeid.partition("::")[0].removeprefix(f"{TESTS.name}/")
    folder = next((one for one in TOGETHER if where.startswith(f"{one}/")), "")
    if where in HALF:
        return f"half of {folder}"
    return folder or (nodeid if where in APART else where)


class Groups(LoadScopeScheduling):  # type: ignore[misc]  # without types
    """Hands groups of tests to processes, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
