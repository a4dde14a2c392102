"""The fuzz targets run, with a few hundred mutations each; ``make fuzz`` gives them longer."""

import random

import pytest
from tests.fuzz import dns, imap, jmap, mailauth, mbox, mime, pop3, proxy, reports, sasl, sieve, smtp

TARGETS = (dns, imap, jmap, mailauth, mbox, mime, pop3, proxy, reports, sasl, sieve, smtp)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: str(target.__name__).rsplit(".", 1)[-1])
def test_mutations_do_no_harm(target: object) -> None:
    chance = random.Random(20_260_101)
    for _ in range(300):
        octets = target.mutated(chance)  # type: ignore[attr-defined]
        target.one(octets)  # type: ignore[attr-defined]


def test_the_corpus_is_read() -> None:
    """An unchanged answer, key, report and message give values, not refusals: else the mutations would say nothing."""
    assert len(dns.corpus()) > 10
    assert {octets[0] for octets in mailauth.corpus()} == set(range(9))
