"""Notices without a machine's part, as old servers write them."""

import base64

import pytest

from mailstead.mime import plain_notice
from mailstead.mime.plain_notice import PlainNotice

QMAIL = """From: MAILER-DAEMON@there.example
Subject: failure notice

Hi. This is the mail program at there.example.
I could not deliver your message to the following addresses.
I have given up. Sorry it did not work out.

<Bob@There.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <alice@example.org>
Received: (from 192.0.2.1); 24 Nov 2026 10:00:00 -0000
Message-ID: <1@example.org>
Subject: 5.7.1 carol@elsewhere.example

hello
"""
EXIM = """Subject: Mail delivery failed: returning message to sender

A message that you sent could not be delivered to one or more of its recipients. The
following address failed:

  bob@there.example
    SMTP error from remote mail server after RCPT TO:<bob@there.example>:
    host inner.there.example [192.0.2.55]: 550 No such user here

------ This is a copy of the message's headers. ------

> From: alice@example.org
> Message-ID:
>  <1@example.org>
"""
PARTS = """Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain
Content-Transfer-Encoding: base64

{text}
--b
Content-Type: message/rfc822

From: alice@example.org
Message-ID: <1@example.org>

550 5.1.1
--b--
"""


def read(text: str) -> PlainNotice | None:
    return plain_notice.read(text.replace("\n", "\r\n").encode())


def test_what_old_servers_write_is_made_out() -> None:
    assert PlainNotice("<1@example.org>", "5.1.1", ("bob@there.example",), "Sorry, no mailbox here by that name. (#5.1.1)") == read(QMAIL)
    assert PlainNotice("<1@example.org>", "5.0.0", ("bob@there.example",), "host inner.there.example [192.0.2.55]: 550 No such user here") == read(EXIM)
    found = read(PARTS.format(text=base64.encodebytes(b"bob@there.example: 552 5.2.2 Mailbox full.\n").decode().strip()))
    assert PlainNotice("<1@example.org>", "5.2.2", ("bob@there.example",), "bob@there.example: 552 5.2.2 Mailbox full.") == found


@pytest.mark.parametrize("text", [
    "Subject: away\n\nI am away until Monday, call 550 or ask bob@there.example.\n", "Subject: x\nMessage-ID: <n@there.example>\n\n550 5.1.1 no such user\n",
    "Subject: wait\n\n<bob@there.example>: 451 4.4.1 still trying\n\nMessage-ID: <1@example.org>\n", "Subject: x\n\nMessage-ID: <1@example.org>\n\n550 5.1.1 behind the copy\n",
    "Subject: x\n\nfrom 5.1.1.7, version 15.1.1, 25.1.1\n\nMessage-ID: <1@example.org>\n", "", "Content-Type: multipart/mixed; boundary=b\n\n--b--\n",
])  # fmt: skip
def test_what_tells_of_no_failure_for_good_is_none(text: str) -> None:
    assert read(text) is None


def test_hostile_text_is_read_in_a_moment() -> None:
    for piece in (b"a@", b"> ", b"5.1", b"message-id:\r\n ", b"<", b"a" * 70 + b"@b"):
        plain_notice.read(b"Subject: x\r\n\r\n" + piece * 60_000)
