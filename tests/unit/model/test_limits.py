"""Every bound is hit by a test, and this says by which.

A test that takes its bound from ``limits`` is found by the name. ``BY_NUMBER`` lists those that meet a bound with octets of
their own: the corpora of others, and numbers written out. Each entry was found by raising the bound and seeing the test fail.
"""

import re
from functools import cache
from pathlib import Path

from mailstead.model import limits

TESTS = Path(__file__).parents[2]
BY_NUMBER = {
    "ARC_SETS": "unit/mailauth/arc/test_seal.py::test_nothing_is_added_beyond_the_fiftieth",
    "IMAGE_URL": "unit/server/http/test_images.py::test_what_is_no_web_address_is_not_signed",
    "IMAGE_URLS": "unit/server/http/test_images.py::test_what_is_no_web_address_is_not_signed",
    "JMAP_REFERENCED": "unit/protocol/jmap/test_reference.py::test_a_reference_does_not_blow_up",
    "JMAP_SNIPPET": "unit/protocol/jmap/mail/test_snippets.py::test_it_begins_shortly_before_and_ends_in_time",
    "MAILAUTH_TAGS": "unit/mailauth/test_tags.py::test_too_many_tags_are_malformed",
    "MTASTS_PATTERNS": "unit/mailauth/test_mtasts.py::test_what_is_no_policy",
    "SPF_LOOKUPS": "unit/mailauth/test_spf.py::test_the_suite",
    "SPF_NAMES": "unit/mailauth/test_spf.py::test_the_suite",
    "SPF_VOIDS": "unit/mailauth/test_spf.py::test_the_suite",
    "TLSRPT_POLICIES": "unit/mailauth/test_tlsrpt.py::test_a_report_that_blows_up_is_not_unpacked",
}
NOT_A_BOUND_OF_A_PARSER = {
    "SCRAM_ITERATIONS": "what we make verifiers with; read from the verifier afterwards",
    "HTTP_KEEP_ALIVE_S": "handed to the HTTP server as it is",
    "HTTP_BODY_RATE": "what a large body adds to the deadline of HTTP_BODY_TIMEOUT_S",
    "IMAGES_AT_ONCE": "the size of a semaphore",
    "IMAGE_OCTETS": "handed to the fetcher, whose own test shows that it stops there",
    "IMAGE_TIMEOUT_S": "handed to the fetcher, whose own test shows that it keeps its time",
    "PUSH_TIMEOUT_S": "handed to the fetcher, whose own test shows that it keeps its time",
}


def _bounds() -> set[str]:
    return {name for name in vars(limits) if name.isupper()}


@cache
def _texts() -> str:
    return "\n".join(path.read_text() for path in TESTS.rglob("*.py") if path != Path(__file__))


def test_every_bound_is_hit_by_a_test() -> None:
    words = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", _texts()))
    assert set() == _bounds() - words - BY_NUMBER.keys() - NOT_A_BOUND_OF_A_PARSER.keys()


def test_the_list_is_true() -> None:
    assert set() == (BY_NUMBER.keys() | NOT_A_BOUND_OF_A_PARSER.keys()) - _bounds()
    for name, where in BY_NUMBER.items():
        path, _, test = where.partition("::")
        assert f"def {test}(" in (TESTS / path).read_text(), f"{name}: there is no {where}"
