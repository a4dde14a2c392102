"""Fuzz target: any octets as a report of another mail system, and as an 8-bit message for a server that takes 7 bits.

``python -m tests.fuzz.reports [seconds] [seed]`` mutates reports and the messages of tests/corpus; ``one(octets)`` is the entry for a coverage-guided fuzzer. What
must hold: nothing is raised, what is read is bounded, a 7-bit form has the same parts with the same content, and nothing takes longer than a second.
"""

import random
import time
from functools import cache

from tests.fuzz import mime
from tests.harness import fuzz
from tests.unit.mime.test_plain_notice import EXIM, PARTS, QMAIL
from tests.unit.mime.test_report import ARF, DSN
from tests.unit.mime.test_sevenbit import TEXT, leaves

from mailstead.mime import plain_notice, report
from mailstead.mime.report import Complaint, StatusNotice
from mailstead.mime.sevenbit import to_7bit
from mailstead.model import limits
from mailstead.service.reports.tags import Tags, of_detail

_MOST_S = 1.0
_TAGS = Tags(b"fuzz")
_PIECES = (
    b"\r\n", b"\n", b"\r\n\r\n", b"--b1", b"--b1--", b"Action: failed\r\n", b"Final-Recipient: rfc822;a+41@b.example\r\n", b"Status: 5.1.1\r\n", b"rfc822;", b"utf-8;",
    b"Original-Envelope-Id: ", b"Content-Type: message/delivery-status\r\n", b"Content-Type: message/feedback-report\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: 8bit\r\n", b"\xc3\xbc", b"\xff", b"\0", b"a" * 3_000, b"+2B", b"<>", b"Original-Rcpt-To: x@y\r\n" * 50, TEXT,
)  # fmt: skip


def one(octets: bytes) -> None:
    """One run."""
    started = time.process_time()
    found = report.read(octets)
    if isinstance(found, StatusNotice | Complaint):
        assert len(found.recipients) <= limits.SMTP_SUBMISSION_RECIPIENTS
        assert len(found.message_id) <= 500
        assert not any(character in found.message_id for character in "\r\n\0")
        _TAGS.read(found.envelope_id, 0)
    if isinstance(found, StatusNotice):
        for told in found.recipients:
            assert not any(character in told.final + told.original + told.diagnostic for character in "\r\n\0")
            of_detail(told.final)
    plain = plain_notice.read(octets)
    if plain is not None:
        assert len(plain.said) <= 300
        assert len(plain.addresses) <= 50
        assert plain.said.isprintable()
        assert not any(character in plain.message_id + "".join(plain.addresses) for character in "\r\n\0 ")
    done = to_7bit(octets)
    if done is not None:
        assert done.isascii()
        if done is not octets:
            assert leaves(octets) == leaves(done)
    assert time.process_time() - started < _MOST_S


@cache
def corpus() -> tuple[bytes, ...]:
    """What to begin with."""
    eight = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + TEXT + b"\r\n--b1--\r\n"
    plain = tuple(text.replace("\n", "\r\n").encode() for text in (QMAIL, EXIM, PARTS.format(text="NTUwIDUuMS4xIG5v")))
    return (DSN, ARF, eight, *plain, *mime.corpus())


def mutated(chance: random.Random) -> bytes:
    """One of them with a few changes; half of the time a report."""
    return fuzz.bent(chance, chance.choice(corpus()[:6]) if chance.randrange(2) else chance.choice(corpus()), _PIECES, cut=100)


if __name__ == "__main__":
    fuzz.run(one, mutated)
