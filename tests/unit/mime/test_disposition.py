"""Disposition notifications, written and read."""

import pytest

from mailstead.mime.disposition import Notification, fields, read, report

NOTE = Notification(
    ("manual-action", "mdn-sent-manually", "displayed"), "rfc822; joe@example.com", "joes-pc.cs.example.com; Foomail 97.1", "", "rfc822; joe_old@example.com",
    "<199509192301.23456@example.org>", ("x", "y"), {"X-More": "z"})


@pytest.mark.parametrize("original", [None, b"Subject: hi\r\n\r\nbody\r\n"])
def test_what_was_written_is_read(original: bytes | None) -> None:
    octets = b"From: a@b\r\nSubject: =?utf-8?q?gelesen_=C3=BC?=\r\nMIME-Version: 1.0\r\n" + report(NOTE, "for people: ü", original, "=_b")
    found = read(octets)
    assert found is not None
    assert (NOTE, "gelesen ü", original is not None) == (found.notification, found.subject, found.has_original)
    assert "for people: ü" == found.text.strip()


# After the example of RFC 8098 §6.
EXAMPLE = b"""Date: Wed, 20 Sep 1995 00:19:00 (EDT) -0400\r
From: Joe Recipient <Joe_Recipient@example.com>\r
Message-Id: <199509200019.12345@example.com>\r
Subject: Re: First draft of report\r
To: Jane Sender <Jane_Sender@example.org>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=disposition-notification; boundary="RAA14128.773615765/example.com"\r
\r
--RAA14128.773615765/example.com\r
\r
shown on a screen\r
\r
--RAA14128.773615765/example.com\r
Content-Type: message/disposition-notification\r
\r
Reporting-UA: joes-pc.cs.example.com; Foomail 97.1\r
Original-Recipient: rfc822;Joe_Recipient@example.com\r
Final-Recipient: rfc822;Joe_Recipient@example.com\r
Original-Message-ID: <199509192301.23456@example.org>\r
Disposition: Manual-action / MDN-sent-manually; displayed/error\r
\r
--RAA14128.773615765/example.com\r
Content-Type: message/rfc822\r
\r
Subject: x\r
\r
[original]\r
\r
--RAA14128.773615765/example.com--\r
"""


def test_one_from_elsewhere_is_read() -> None:
    found = read(EXAMPLE)
    assert found is not None
    note = found.notification
    assert (("manual-action", "mdn-sent-manually", "displayed"), "rfc822;Joe_Recipient@example.com", "<199509192301.23456@example.org>") == (
        note.disposition, note.final_recipient, note.message_id)
    assert (True, "Re: First draft of report") == (found.has_original, found.subject)


@pytest.mark.parametrize("octets", [
    b"Subject: x\r\n\r\nbody\r\n", EXAMPLE.replace(b"displayed/error", b"eaten"), EXAMPLE.replace(b"Disposition:", b"X:"),
    EXAMPLE.replace(b"message/disposition-notification", b"text/plain"), EXAMPLE.replace(b"multipart/report", b"multipart/mixed"), EXAMPLE[:300],
])  # fmt: skip
def test_what_is_none(octets: bytes) -> None:
    assert read(octets) is None


def test_nothing_is_smuggled_into_a_field() -> None:
    note = Notification(NOTE.disposition, "rfc822; a@b\r\nBcc: x", more={"X": "1\r\nY: 2"})
    assert 3 == len(fields(note).splitlines())
