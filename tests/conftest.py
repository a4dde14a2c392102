"""What all tests share: what was compiled, the hypothesis profiles, how several processes part the work, and a way past the capturing for those who say how far they are."""

import os
import sys

import pytest
from hypothesis import HealthCheck, settings
from tests.harness import progress
from tests.harness.groups import Groups, turn
from xdist.remote import Producer

# Tests start programs by the hundred: each of them reads what was compiled before, also where the surroundings ask Python to keep nothing.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure(config: pytest.Config) -> None:
    progress.past(config.pluginmanager.getplugin("capturemanager"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn(item.path))


def pytest_xdist_auto_num_workers() -> int:
    """As many as there are cores; above four the one that has the browser is the last anyway."""
    return min(len(os.sched_getaffinity(0)), 4)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    config.option.loadscopereorder = False
    return Groups(config, log)
