"""Reports of other mail systems."""

import random

import pytest

from mailstead.mime import report
from mailstead.mime.report import Complaint, StatusNotice, TlsPart, Told
from mailstead.model import limits

HEAD = "From: <MAILER-DAEMON@mx.there.example>\r\nTo: alice@ours.example\r\nSubject: Undelivered\r\n"
RETURNED = "Message-ID: <1@ours.example>\r\nFrom: alice@ours.example\r\nTo: bob@there.example\r\nSubject: hi\r\n"


def multipart(kind: str, *parts: tuple[str, str], more: str = "") -> bytes:
    body = "".join(f"--b1\r\n{fields}\r\n\r\n{text}\r\n" for fields, text in parts)
    return f"{HEAD}Content-Type: multipart/report; report-type={kind}; boundary=b1\r\n{more}\r\n{body}--b1--\r\n".encode()


STATUS = (
    "Reporting-MTA: dns; mx.there.example\r\nOriginal-Envelope-Id: tag123\r\n\r\nFinal-Recipient: rfc822; bob@inner.example\r\n"
    "Original-Recipient: rfc822;bob@there.example\r\nAction: Failed\r\nStatus: 5.1.1 (no such)\r\nDiagnostic-Code: smtp; 550 5.1.1 unknown\r\n user\r\n\r\n"
    "Final-Recipient: rfc822;carol@there.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n"
)
DSN = multipart(
    "delivery-status", ("Content-Type: text/plain", "It failed."), ("Content-Type: message/delivery-status", STATUS), ("Content-Type: text/rfc822-headers", RETURNED),
)
ARF = multipart(
    "feedback-report", ("Content-Type: text/plain", "A complaint."),
    ("Content-Type: message/feedback-report",
     "Feedback-Type: Abuse\r\nUser-Agent: Some/1\r\nVersion: 1\r\nOriginal-Mail-From: <alice+r-x@ours.example>\r\nOriginal-Rcpt-To: <bob@there.example>\r\n"
     "Original-Rcpt-To: carol@there.example\r\nOriginal-Envelope-Id: tag9\r\n"),
    ("Content-Type: message/rfc822", RETURNED + "\r\nhello"),
)  # fmt: skip


def test_a_delivery_status_notice() -> None:
    assert StatusNotice("tag123", "mx.there.example", (
        Told("bob@inner.example", "bob@there.example", "failed", "5.1.1", "550 5.1.1 unknown user"),
        Told("carol@there.example", "", "delayed", "4.4.1", ""),
    ), "<1@ours.example>") == report.read(DSN)


def test_a_complaint() -> None:
    assert Complaint(
        "abuse", "Some/1", "tag9", "alice+r-x@ours.example", ("bob@there.example", "carol@there.example"), "<1@ours.example>"
    ) == report.read(ARF)


def test_a_tls_report_is_handed_on() -> None:
    found = report.read(multipart("tlsrpt", ("Content-Type: text/plain", "x"), ("Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64", "H4sI")))
    assert TlsPart(b"H4sI", "base64", "tlsrpt+gzip") == found


@pytest.mark.parametrize(("raw", "address"), [
    ("rfc822; bob@there.example", "bob@there.example"), ("RFC822;<bob@there.example>", "bob@there.example"), ("rfc822;a+b@there.example", "a+b@there.example"),
    ("rfc822;bob+2Bx@there.example", "bob+x@there.example"), ("utf-8; bøb@there.example", "bøb@there.example"), ("x400; /c=de/", ""), ("bob@there.example", ""),
    ("rfc822; bob", ""), ("rfc822; a b@c.example", ""),
])  # fmt: skip
def test_addresses(raw: str, address: str) -> None:
    found = report.read(multipart("delivery-status", ("Content-Type: message/delivery-status", f"Reporting-MTA: dns;x\r\n\r\nFinal-Recipient: {raw}\r\nAction: failed\r\n")))
    assert isinstance(found, StatusNotice)
    assert address == found.recipients[0].final


def test_line_feeds_alone_in_an_encoded_part_are_lines_too() -> None:
    import base64

    packed = base64.encodebytes(STATUS.replace("\r\n", "\n").encode()).decode().replace("\n", "\r\n")
    found = report.read(multipart("delivery-status", ("Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64", packed)))
    assert isinstance(found, StatusNotice)
    assert ["failed", "delayed"] == [one.action for one in found.recipients]


def test_what_is_no_report() -> None:
    assert report.read(b"Subject: hi\r\n\r\nhello\r\n") is None
    assert report.read(multipart("other", ("Content-Type: text/plain", "x"))) is None
    assert not report.is_report(b"Content-Type: multipart/mixed; x=multipart/report\r\n")
    assert report.is_report(b"X: y\r\ncontent-type:\r\n multipart/report;\r\n report-type=x\r\n")


def test_torn_and_shuffled_reports_do_no_harm() -> None:
    chance = random.Random(7)
    for octets in (DSN, ARF):
        for _ in range(300):
            spoilt = bytearray(octets[: chance.randrange(len(octets))])
            for _ in range(chance.randrange(5)):
                if spoilt:
                    spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
            report.read(bytes(spoilt))


def test_many_recipients_are_bounded() -> None:
    many = "Reporting-MTA: dns;x\r\n" + "\r\nFinal-Recipient: rfc822;a@b.example\r\nAction: failed\r\n" * 5_000
    found = report.read(multipart("delivery-status", ("Content-Type: message/delivery-status", many)))
    assert isinstance(found, StatusNotice)
    assert 1_000 == len(found.recipients)


@pytest.mark.parametrize(("raw", "address"), [
    ("utf-8; j\\x{F6}rg\\x{2B}41@b.example", "jörg+41@b.example"), ("utf-8; \\x{D800}@b.example", ""), ("utf-8; jörg@b.example", "jörg@b.example"),
    ("rfc822; a\\x{2B}b@c.example", "a\\x{2B}b@c.example"),
])  # fmt: skip
def test_escapes_of_international_addresses_are_undone(raw: str, address: str) -> None:
    """RFC 6533 §3."""
    found = report.read(multipart("delivery-status", ("Content-Type: message/delivery-status", f"Reporting-MTA: dns;x\r\n\r\nOriginal-Recipient: {raw}\r\nAction: failed\r\n")))
    assert isinstance(found, StatusNotice)
    assert address == found.recipients[0].original


def test_what_machines_read_of_a_report_is_bounded() -> None:
    told = "\r\nFinal-Recipient: rfc822; {}@there.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    count = limits.REPORT_STATUS // len(told) + 100
    status = "Reporting-MTA: dns; mx.there.example\r\n" + "".join(told.format(number) for number in range(count))
    found = report.read(multipart("delivery-status", ("Content-Type: text/plain", "x"), ("Content-Type: message/delivery-status", status)))
    assert isinstance(found, StatusNotice)
    assert 0 < len(found.recipients) < count
    hidden = f"X-Long: {'x' * limits.REPORT_RETURNED}\r\n" + RETURNED
    found = report.read(multipart(
        "delivery-status", ("Content-Type: text/plain", "x"), ("Content-Type: message/delivery-status", STATUS), ("Content-Type: text/rfc822-headers", hidden)))
    assert isinstance(found, StatusNotice)
    assert not found.message_id
