"""The fuzz targets run, with a few hundred mutations each; ``make fuzz`` gives them longer."""

import random
from pathlib import Path

import pytest
from tests.fuzz import dns, imap, jmap, mailauth, mbox, mime, pop3, proxy, reports, sasl, sieve, smtp, vcard

from mailstead.protocol.vcard import reading

TARGETS = (dns, imap, jmap, mailauth, mbox, mime, pop3, proxy, reports, sasl, sieve, smtp, vcard)


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
    for octets in vcard.corpus():
        assert len(reading.cards(octets)) == 1


def test_every_target_is_run() -> None:
    """A target that nobody lists here would be run by ``make fuzz`` only."""
    names = {path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith(("_", "test_"))}
    assert names == {str(target.__name__).rsplit(".", 1)[-1] for target in TARGETS}
