"""Notices: who gets one, and that a program can read it."""

import email
import email.policy
from dataclasses import replace

import pytest

from mailstead.mime.thread import base_subject
from mailstead.model.ids import AccountId, SubmissionId, TenantId
from mailstead.model.status import EnhancedStatus
from mailstead.service.queue.bounce import RETURNED_OCTETS, Action, Told, compose, is_traced, wanted
from mailstead.store.interface import QueueEntry

ENTRY = QueueEntry(
    7, 0, SubmissionId(1), AccountId(1), TenantId(1), "alice@example.org", "c@d.example", {"envid": "E 1", "orcpt": "rfc822;o@d.example"}, 0, 86_400_000, 0, 0, "", 10
)
MESSAGE = b"From: alice@example.org\r\nSubject: lost\r\n\r\nbody\r\n"
TOLD = Told(ENTRY, EnhancedStatus(5, 1, 1), "mx.d.example", 550, "5.1.1 No such user " + "here " * 40)


def read(octets: bytes) -> email.message.EmailMessage:
    assert b"\n" not in octets.replace(b"\r\n", b"")
    return email.message_from_bytes(octets, policy=email.policy.default)


@pytest.mark.parametrize(
    ("notify", "failed", "delayed", "succeeded"),
    [("", True, True, False), ("NEVER", False, False, False), ("FAILURE", True, False, False), ("DELAY,SUCCESS", False, True, True)],
)
def test_who_gets_one(notify: str, failed: bool, delayed: bool, succeeded: bool) -> None:
    entry = replace(ENTRY, options={"notify": notify})
    assert [wanted(entry, action) for action in Action] == [failed, delayed, succeeded, succeeded, succeeded]
    assert not any(wanted(replace(entry, reverse_path=""), action) for action in Action)


def test_a_program_can_read_it() -> None:
    other = replace(TOLD, entry=replace(ENTRY, number=8, forward_path="e@f.example", options={}), code=0, hop="")
    notice = read(compose([TOLD, other], Action.FAILED, MESSAGE, hostname="mx.example.org", now_ms=0))
    assert notice["To"] == "alice@example.org"
    assert notice["Auto-Submitted"] == "auto-replied"
    assert notice.get_content_type() == "multipart/report"
    assert notice.get_param("report-type") == "delivery-status"
    text, status, original = notice.iter_parts()
    assert "c@d.example" in text.get_content()
    assert all(len(line) < 79 for line in text.get_content().splitlines())
    whole, first, second = status.iter_parts()
    assert (whole["Reporting-MTA"], whole["Original-Envelope-Id"]) == ("dns; mx.example.org", "E 1")
    assert (first["Action"], first["Status"], first["Final-Recipient"]) == ("failed", "5.1.1", "rfc822; c@d.example")
    assert (first["Original-Recipient"], first["Remote-MTA"]) == ("rfc822;o@d.example", "dns; mx.d.example")
    assert first["Diagnostic-Code"].startswith("smtp; 550 5.1.1 No such user")
    assert (second["Final-Recipient"], second["Diagnostic-Code"]) == ("rfc822; e@f.example", None)
    assert original.get_content_type() == "message/rfc822"
    assert original.get_content()["Subject"] == "lost"


@pytest.mark.parametrize(("head", "subject", "named", "parent"), [
    (b"Subject: lost\r\nMessage-ID: <1@a>\r\n", "[Not delivered] lost", 'Your message "lost" could', "<1@a>"),
    (b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n", "[Not delivered] Gr\xfc\xdfe", 'Your message "Gr\xfc\xdfe" could', None),
    (b"Message-ID: " + b"<" + b"x" * 950 + b"@a>\r\n", "Your message could not be delivered", "Your message could", None),
    (b"Subject: " + b"word " * 100 + b"\r\n", "[Not delivered] " + "word " * 30 + "\u2026", "Your message \"word word", None),
    (b"Subject: a\r\n =?utf-8?q?=0D=0ABcc:_x?=\r\n", "[Not delivered] a Bcc: x", 'Your message "a Bcc: x" could', None),
])  # fmt: skip
def test_it_names_the_message_and_stands_in_its_conversation(head: bytes, subject: str, named: str, parent: str | None) -> None:
    """A blob in brackets is no part of the base subject (RFC 5256 §2.1)."""
    notice = read(compose([TOLD], Action.FAILED, head + b"\r\nbody\r\n", hostname="mx.example.org", now_ms=0))
    assert subject == notice["Subject"]
    assert (parent, parent, None) == (notice["In-Reply-To"], notice["References"], notice["Bcc"])
    words = " ".join(next(notice.iter_parts()).get_content().split())
    assert words.startswith(named)
    if parent is not None:
        assert "lost" == base_subject(str(notice["Subject"]))[0]


@pytest.mark.parametrize("case", ["hdrs", "delayed", "large"])
def test_the_header_alone_comes_back(case: str) -> None:
    entry = replace(ENTRY, options={"ret": "HDRS"}) if case == "hdrs" else ENTRY
    octets = MESSAGE + b"x\r\n" * RETURNED_OCTETS if case == "large" else MESSAGE
    action = Action.DELAYED if case == "delayed" else Action.FAILED
    notice = read(compose([replace(TOLD, entry=entry)], action, octets, hostname="mx.example.org", now_ms=0))
    *_, last = notice.iter_parts()
    assert last.get_content_type() == "text/rfc822-headers"
    assert last.get_payload(decode=True) == b"From: alice@example.org\r\nSubject: lost\r\n"


def test_internationalized() -> None:
    told = replace(TOLD, entry=replace(ENTRY, forward_path="jörg@d.example"))
    octets = compose([told], Action.FAILED, MESSAGE, hostname="mx.example.org", now_ms=0)
    notice = read(octets)
    types = [part.get_content_type() for part in notice.iter_parts()]
    assert types == ["text/plain", "message/global-delivery-status", "message/global"]
    assert "utf-8; jörg@d.example".encode() in octets


def test_the_boundary_is_not_in_the_message() -> None:
    boundary = read(compose([TOLD], Action.FAILED, MESSAGE, hostname="h", now_ms=0)).get_boundary()
    assert boundary is not None
    again = read(compose([TOLD], Action.FAILED, MESSAGE + b"--" + boundary.encode() + b"--\r\n", hostname="h", now_ms=0))
    assert again.get_boundary() != boundary
    assert len(list(again.iter_parts())) == 3


def test_addresses_are_quoted_where_they_must_be() -> None:
    entry = replace(ENTRY, reverse_path="a> b@example.org", forward_path="c d@e.example", options={})
    octets = compose([replace(TOLD, entry=entry)], Action.FAILED, MESSAGE, hostname="mx.example.org", now_ms=0)
    assert b'\r\nTo: <"a> b"@example.org>\r\n' in octets
    assert b'\r\nFinal-Recipient: rfc822; "c d"@e.example\r\n' in octets


def test_what_had_to_go_over_tls_does_not_come_back_whole() -> None:
    told = replace(TOLD, entry=replace(ENTRY, options={"requiretls": "1", "ret": "FULL"}))
    notice = compose([told], Action.FAILED, MESSAGE, hostname="mx.example.org", now_ms=0)
    assert b"Subject: lost" in notice
    assert b"body\r\n" not in notice


def test_no_line_is_longer_than_lines_may_be() -> None:
    """RFC 5322 §2.1.1, in octets (RFC 6532 §3.4)."""
    for word in ("字" * 990, "字 " * 490, "x" * 990):
        told = replace(TOLD, text=word, entry=replace(ENTRY, options={"orcpt": f"utf-8;{word[:400]}@d", "envid": "E"}))
        octets = compose([told], Action.FAILED, MESSAGE, hostname="mx.example.org", now_ms=0)
        assert max(map(len, octets.split(b"\r\n"))) <= 998
        assert word.split()[0][:20].encode() in octets
        assert octets.decode()


def test_an_original_recipient_is_named_as_the_notice_allows() -> None:
    """RFC 6533 §3, §4."""
    plain = replace(TOLD, entry=replace(ENTRY, options={"orcpt": "utf-8;a+b@d.example"}))
    assert b"Original-Recipient: utf-8;a\\x{2B}b@d.example\r\n" in compose([plain], Action.FAILED, MESSAGE, hostname="h", now_ms=0)
    other = replace(TOLD, entry=replace(ENTRY, options={"orcpt": "utf-8;jörg+b@d.example"}))
    assert "Original-Recipient: utf-8;jörg+b@d.example\r\n".encode() in compose([other], Action.FAILED, MESSAGE, hostname="h", now_ms=0)


def test_who_set_a_time_reads_when_it_is() -> None:
    """RFC 2852."""
    entry = replace(ENTRY, options={"by": "3600000;R"}, expires_at_ms=86_400_000)
    octets = compose([replace(TOLD, entry=entry)], Action.DELAYED, MESSAGE, hostname="h", now_ms=0)
    assert b"\r\nDeliver-By-Date: Thu, 1 Jan 1970 01:00:00 +0000\r\n" in octets
    assert b"\r\nWill-Retry-Until: Thu, 1 Jan 1970 01:00:00 +0000\r\n" in octets


@pytest.mark.parametrize(("by", "notify", "keeps_time", "expected"), [
    ("5;N", "", False, True), ("5;N", "", True, False), ("5;NT", "", True, True), ("5;RT", "FAILURE", True, True), ("5;N", "NEVER", False, False), ("", "", False, False),
])  # fmt: skip
def test_who_set_a_time_hears_where_it_is_not_kept(by: str, notify: str, keeps_time: bool, expected: bool) -> None:
    entry = replace(ENTRY, options={"by": by, "notify": notify})
    assert expected is is_traced(entry, keeps_time=keeps_time)
    assert not is_traced(replace(entry, reverse_path=""), keeps_time=keeps_time)
