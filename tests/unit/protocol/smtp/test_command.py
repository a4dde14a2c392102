"""Lines to commands."""

import pytest

from mailstead.model.address import Address
from mailstead.protocol.smtp.command import Auth, Bdat, Data, Hello, Mail, Plain, Rcpt, Unparsable, parse


def test_verbs_are_read_in_any_case() -> None:
    assert parse(b"ehlo client.example") == Hello("EHLO", "client.example")
    assert parse(b"LHLO  [IPv6:::1] ") == Hello("LHLO", "[IPv6:::1]")
    assert parse(b"dAtA") == Data()
    assert parse(b"NOOP what ever") == Plain("NOOP", "what ever")
    assert parse(b"bdat 10 last") == Bdat(10, is_last=True)
    assert parse(b"BDAT 10") == Bdat(10, is_last=False)
    assert parse(b"AUTH plain =") == Auth("PLAIN", b"=")
    assert parse(b"AUTH LOGIN") == Auth("LOGIN", None)


def test_mail_with_every_parameter() -> None:
    line = b"MAIL FROM:<a@b.example> size=10 Body=8BitMime SMTPUTF8 RET=hdrs ENVID=q+2B1 AUTH=<>"
    assert parse(line) == Mail(Address("a", "b.example"), 10, "8BITMIME", smtputf8=True, ret="HDRS", envid="q+1")
    assert parse(b"MAIL FROM:<>") == Mail(None)


def test_rcpt_with_every_parameter() -> None:
    line = b"RCPT TO:<a@b.example> NOTIFY=success,FAILURE ORCPT=rfc822;a+40b"
    assert parse(line) == Rcpt(Address("a", "b.example"), frozenset({"SUCCESS", "FAILURE"}), "rfc822;a@b")


@pytest.mark.parametrize(
    ("line", "code", "status"),
    [
        (b"", 500, "5.5.1"), (b"WHAT", 500, "5.5.1"), (b"MAIL", 501, "5.5.4"), (b"MAIL FROM:a", 501, "5.1.7"),
        (b"MAIL FROM:<a@b>x", 501, "5.5.4"), (b"MAIL FROM:<a@b> SIZE=", 501, "5.5.4"), (b"MAIL FROM:<a@b> X=1", 555, "5.5.4"),
        (b"MAIL FROM:<a@b> SMTPUTF8=1", 555, "5.5.4"), (b"MAIL FROM:<\xc3\xa4@b>", 553, "5.6.7"), (b"MAIL FROM:<a@b> ENVID=" + b"a" * 101, 501, "5.5.4"),
        (b"RCPT FROM:<a@b>", 501, "5.5.4"), (b"RCPT TO:<a@b> NOTIFY=", 501, "5.5.4"), (b"RCPT TO:<a@b> ORCPT=;a", 501, "5.5.4"),
        (b"RCPT TO:<a@b> ORCPT=rfc\x01822;a", 501, "5.5.4"), (b"RCPT TO:<a@b> ORCPT=rfc822;a+0D+0Ab", 501, "5.5.4"),
        (b"MAIL FROM:<a@b> ENVID=a+00", 501, "5.5.4"), (b"MAIL FROM:<a@b> ENVID=+C3+A4", 501, "5.5.4"), (b"RCPT TO:<a@b> ORCPT=rfc822;\xc3\xa4", 501, "5.5.4"), (b"MAIL FROM:<a@b> " + b"X" * 1000 + b"=", 501, "5.5.4"),
        (b"RCPT TO:<a@b> ORCPT=rfc822;" + b"a" * 500, 501, "5.5.4"), (b"RCPT TO:<a>", 501, "5.1.3"), (b"DATA x", 501, "5.5.4"), (b"RSET x", 501, "5.5.4"),
        (b"EHLO a b", 501, "5.5.4"), (b"EHLO " + b"a" * 256, 501, "5.5.4"), (b"AUTH", 501, "5.5.4"), (b"AUTH A B C", 501, "5.5.4"),
        (b"BDAT", 501, "5.5.4"), (b"BDAT 1 FIRST", 501, "5.5.4"), (b"BDAT 9999999999999", 501, "5.5.4"), (b"\xff\xfe", 500, "5.5.1"),
    ],
)  # fmt: skip
def test_what_is_malformed_has_its_code(line: bytes, code: int, status: str) -> None:
    with pytest.raises(Unparsable) as refused:
        parse(line)
    assert (refused.value.code, refused.value.status) == (code, status)
    assert refused.value.fatal == line.startswith(b"BDAT")


def test_what_is_said_about_a_parameter_is_short() -> None:
    """RFC 5321 §4.5.3.1.5: a reply line has at most 512 octets."""
    with pytest.raises(Unparsable) as refused:
        parse(b"MAIL FROM:<a@b> " + b"X" * 1000 + b"=")
    assert len(refused.value.text) < 100


def test_an_original_recipient_may_be_international() -> None:
    """RFC 6533 §3: a server with DSN and SMTPUTF8 takes it also as it is."""
    assert "UTF-8;jörg@b" == parse("RCPT TO:<a@b> ORCPT=UTF-8;jörg@b".encode()).orcpt  # type: ignore[union-attr]
    assert "utf-8;jörg@b" == parse(b"RCPT TO:<a@b> ORCPT=utf-8;j\\x{F6}rg@b").orcpt  # type: ignore[union-attr]
