"""One account over a real store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.harness.jmap_mail import Jmap, jmap_store


@pytest.fixture
async def jmap(tmp_path: Path) -> AsyncIterator[Jmap]:
    async with jmap_store(tmp_path) as (mine, _):
        yield mine


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[Jmap, Jmap]]:
    async with jmap_store(tmp_path) as found:
        yield found
