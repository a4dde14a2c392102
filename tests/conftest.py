"""What all tests share: the hypothesis profiles, and a way past the capturing for those who say how far they are."""

import os

import pytest
from hypothesis import HealthCheck, settings
from tests.harness import progress

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))



def pytest_configure(config: pytest.Config) -> None:
    progress.past(config.pluginmanager.getplugin("capturemanager"))
