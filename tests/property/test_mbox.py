"""mbox: what is written is read back, and any octets are read without a failure."""

import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz import mbox as fuzz

from mailstead.service.transfer import mbox
from mailstead.service.transfer.found import Found

LINES = st.lists(st.sampled_from([b"", b"From me", b">From me", b">>From a@b Mon Jan  1 10:00:00 2024", b"text", b"From a@b Mon Jan  1 10:00:00 2024", b"X: y"]), max_size=8)


@settings(max_examples=200)
@given(st.lists(LINES, min_size=1, max_size=4))
def test_what_is_written_is_read_back(bodies: list[list[bytes]]) -> None:
    messages = [b"Subject: %d\r\n\r\n" % number + b"".join(line + b"\r\n" for line in lines) for number, lines in enumerate(bodies)]
    file = b"".join(mbox.written(message, sender=b"a@b", received_at_ms=1_700_000_000_000, notes=b"") for message in messages)
    found = list(mbox.read(io.BytesIO(file), "x", ()))
    assert messages == [each.octets for each in found if isinstance(each, Found)]
    assert all(isinstance(each, Found) for each in found)


@pytest.mark.parametrize("seed", range(4))
def test_the_fuzz_target_holds(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(500):
        fuzz.one(fuzz.mutated(chance))
