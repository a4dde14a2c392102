"""What all tests share: the hypothesis profile and the options of long runs."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--soak``: thousands of kills instead of forty (DECISIONS 38)."""
    parser.addoption("--soak", action="store_true", default=False, help="thousands of seeded kills instead of forty")
