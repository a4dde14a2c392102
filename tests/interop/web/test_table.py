"""Conversations as lines of a table: the heads of its columns choose and sort."""

import imaplib
from email.message import EmailMessage
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, eventually, holds, put

pytestmark = pytest.mark.interop
CLERK = PEOPLE[37]
DAY_S = 86_400.0
MAIL = (("Re: Zebra", "Ann Lee <ann@x.example>", 30), ("Apple", "Zoe <zoe@x.example>", 9_000), ("Mango", "Bob <bob@x.example>", 900))
"""Newest first."""


@pytest.fixture(scope="module")
def lines(site: Server, browser: Browser) -> dict[str, Any]:
    device = {"name": "lines", "login": CLERK, "password": PASSWORD}
    browser.run("signIn", device)
    # The notice of the new sign-in would stand among them.
    with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
        imap.login(CLERK, PASSWORD)
        eventually(lambda: imap.select("INBOX")[1] == [b"1"])
        imap.store("1", "+FLAGS", r"(\Deleted)")
        imap.expunge()
    for age, (subject, sender, size) in enumerate(MAIL):

        def fill(message: EmailMessage, size: int = size) -> None:
            message.clear_content()
            message.set_content("word " * size)

        put(site, subject, to=CLERK, sender=sender, change=fill, age_s=(age + 1) * 3 * DAY_S, mailbox="INBOX")
        put(site, subject, to=CLERK, sender="Me <user38@example.test>", change=lambda message, who=sender: message.replace_header("To", who), mailbox="Sent", age_s=(age + 1) * DAY_S)  # type: ignore[misc]
    return device


def test_the_heads_of_a_table_sort_it(browser: Browser, lines: dict[str, Any]) -> None:
    zebra, apple, mango = (subject for subject, *_ in MAIL)
    steps = [
        {"head": "Subject", "first": apple}, {"head": "Subject", "first": zebra, "keys": True}, {"head": "Size", "first": apple}, {"head": "Size", "first": zebra},
        {"head": "Date", "first": zebra}, {"head": "Date", "first": mango}, {"head": "From", "first": zebra}, {"head": "From", "first": apple, "keys": True},
    ]
    assert [
        ["Subject ascending", [apple, mango, zebra], False, True], ["Subject descending", [zebra, mango, apple], False, True],
        ["Size descending", [apple, mango, zebra], False, True], ["Size ascending", [zebra, mango, apple], False, True],
        ["Date descending", [zebra, apple, mango], True, True], ["Date ascending", [mango, apple, zebra], True, True],
        ["From ascending", [zebra, mango, apple], False, True], ["From descending", [apple, mango, zebra], False, True],
    ] == browser.run("sortTable", lines, steps=steps)  # fmt: skip


def test_each_place_stays_as_it_was_sorted_and_only_as_a_table(browser: Browser, lines: dict[str, Any]) -> None:
    zebra, apple, mango = (subject for subject, *_ in MAIL)
    browser.run("sortTable", lines, path="/m/sent", steps=[{"head": "To", "first": zebra}])
    assert {
        "here": ["From descending", [apple, mango, zebra]], "there": ["To ascending", [zebra, mango, apple]], "rows": [zebra, apple, mango],
    } == browser.run("sortedStill", lines, first=apple, other="/m/sent", otherFirst=zebra, newest=zebra)  # fmt: skip


def test_without_a_network_this_device_sorts(browser: Browser, lines: dict[str, Any]) -> None:
    zebra, apple, mango = (subject for subject, *_ in MAIL)
    browser.run("takeAlong", lines, texts=6)
    browser.run("cut", lines, off=True)
    # Never asked of the server: what was sent by subject and size.
    steps = [{"head": "Subject", "first": apple}, {"head": "Subject", "first": zebra}, {"head": "To", "first": zebra}, {"head": "Date", "first": zebra}, {"head": "Date", "first": mango}]
    assert [[apple, mango, zebra], [zebra, mango, apple], [zebra, mango, apple], [zebra, apple, mango], [mango, apple, zebra]] == [
        one[1] for one in browser.run("sortTable", lines, path="/m/sent", steps=steps)]
    browser.run("cut", lines, off=False)


def test_the_box_above_the_lines_chooses_all_of_them_or_none(site: Server, browser: Browser, lines: dict[str, Any]) -> None:
    assert ["false", "mixed 1", "true 3", "false 0", "true 3"] == browser.run("chooseByHead", lines, subject="Mango")
    for subject in ("Apple", "Mango", "Zebra"):
        eventually(lambda subject=subject: holds(site, "Archive", subject, CLERK))  # type: ignore[misc]
        assert not holds(site, "INBOX", subject, CLERK)
