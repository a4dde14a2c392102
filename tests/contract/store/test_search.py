"""Search: every condition, alone and combined (RFC 9051 §6.4.4)."""

import os

import pytest
from tests.contract.store.conftest import World, message

from mailstead.model import condition as c
from mailstead.model.ids import EmailId, MailboxId
from mailstead.model.message import NewMessage
from mailstead.model.uids import UidSet

DAY = 24 * 3600 * 1000
NOON = 1_790_000_000_000


async def filled(world: World) -> MailboxId:
    """Six messages that differ in everything that can be asked."""
    inbox = await world.inbox()
    attached = (
        b"From: carl@example.org\r\nTo: bob@example.test\r\nSubject: =?utf-8?q?Stra=C3=9Fe?=\r\nDate: Fri, 02 Jan 2026 23:30:00 -0800\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nR3LDvMOfZSBhdXMgS8O2bG4=\r\n--x\r\nContent-Type: application/pdf\r\n"
        b"Content-Disposition: attachment; filename=\"a.pdf\"\r\n\r\nPDFPDF\r\n--x--\r\n"
    )
    await world.mail.append(world.a, world.op(), inbox, [
        NewMessage(message("Budget 2026", body="The numbers\r\nare in the sheet.", more="Cc: dora@example.org\nX-Mark: Red"),
                   frozenset({"\\Seen"}), NOON - 3 * DAY),
        NewMessage(message("lunch", sender="Eve <eve@else.where>", body="noodles? " * 2000), frozenset({"\\Flagged", "food"}), NOON),
        NewMessage(attached, frozenset(), NOON + DAY),
        NewMessage(message("Re: Budget 2026", more="Bcc: hidden@example.org", body="<b>agreed</b>"), frozenset({"\\Deleted", "\\Seen"}), NOON + 2 * DAY),
        NewMessage(b"Subject: no more than this\r\n\r\n", frozenset(), NOON + 3 * DAY),
        NewMessage(message("binary", body="caf\u00e9 and cafe\u0301"), frozenset({"Food", "$Junk"}), NOON + 4 * DAY),
    ])
    return inbox


F = c.Field
CASES: list[tuple[c.Condition, list[int]]] = [
    (c.EVERYTHING, [1, 2, 3, 4, 5, 6]),
    (c.NOTHING, []),
    (c.Not(c.NOTHING), [1, 2, 3, 4, 5, 6]),
    (c.HasFlag("\\seen"), [1, 4]),
    (c.Not(c.HasFlag("\\Seen")), [2, 3, 5, 6]),
    (c.HasFlag("FOOD"), [2, 6]),
    (c.HasFlag("$junk"), [6]),
    (c.HasFlag("nobody-has-this"), []),
    (c.InUids(UidSet.of([2, 3, 99])), [2, 3]),
    (c.And((c.InUids(UidSet.of([2, 3])), c.InUids(UidSet.of([3, 4])))), [3]),
    (c.Or((c.InUids(UidSet.of([2])), c.InUids(UidSet.of([4])))), [2, 4]),
    (c.Received(NOON, NOON + 2 * DAY), [2, 3]),
    (c.Received(None, NOON), [1]),
    (c.Received(NOON + 3 * DAY, None), [5, 6]),
    (c.Sent(1_767_396_600_000, 1_767_396_600_001), [3]),
    (c.Saved(None, 1), []),
    (c.Size(10_000, None), [2]),
    (c.Size(None, 40), [5]),
    (c.Size(40, 10_000), [1, 3, 4, 6]),
    (c.HasAttachment(), [3]),
    (c.Contains(F.SUBJECT, "budget"), [1, 4]),
    (c.Contains(F.SUBJECT, "STRASSE"), [3]),
    (c.Contains(F.FROM, "EVE@ELSE"), [2]),
    (c.Contains(F.TO, "bob@"), [1, 2, 3, 4, 6]),
    (c.Contains(F.CC, "dora"), [1]),
    (c.Contains(F.BCC, "hidden"), [4]),
    (c.Contains(F.BODY, "the sheet"), [1]),
    (c.Contains(F.BODY, "oodles?"), [2]),
    (c.Contains(F.BODY, "GRÜSSE aus köln"), [3]),
    (c.Contains(F.BODY, "café and café"), [6]),
    (c.Contains(F.BODY, "budget"), []),
    (c.Contains(F.TEXT, "budget"), [1, 4]),
    (c.Contains(F.TEXT, "x-mark: red"), [1]),
    (c.Contains(F.TEXT, "köln"), [3]),
    (c.Contains(F.TEXT, "a.pdf"), [3]),
    (c.Contains(F.BODY, "a.pdf"), []),
    (c.Contains(F.FILE, "a.pdf"), [3]),
    (c.Contains(F.FILE, "pdf", words=True), [3]),
    (c.Contains(F.FILE, "budget", words=True), []),
    (c.Contains(F.SUBJECT, "budget 20", words=True), [1, 4]),
    (c.Contains(F.SUBJECT, "udget", words=True), []),
    (c.Contains(F.SUBJECT, "2026 bud", words=True), [1, 4]),
    (c.Header("X-Mark"), [1]),
    (c.Header("x-mark", "RED"), [1]),
    (c.Header("x-mark", "blue"), []),
    (c.Header("Date"), [1, 2, 3, 4, 6]),
    (c.And((c.HasFlag("\\Seen"), c.Contains(F.SUBJECT, "budget"), c.Not(c.HasFlag("\\Deleted")))), [1]),
    (c.Or((c.HasAttachment(), c.Contains(F.BODY, "noodles"), c.Size(None, 40))), [2, 3, 5]),
    (c.Not(c.Or((c.HasFlag("\\Seen"), c.Contains(F.TEXT, "lunch")))), [3, 5, 6]),
]


async def test_conditions(world: World) -> None:
    inbox = await filled(world)
    for condition, uids in CASES:
        assert uids == await world.mail.search(world.a, condition, mailbox_id=inbox), condition


async def test_conditions_on_identity(world: World) -> None:
    inbox = await filled(world)
    entries = await world.mail.entries(world.a, inbox, UidSet.all())
    stored = await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([5]), add=frozenset({"\\Seen"}))
    root = await world.deliver(b"Message-ID: <root@x>\r\nSubject: talk\r\n\r\n")
    reply = await world.deliver(b"Message-ID: <reply@x>\r\nIn-Reply-To: <root@x>\r\nSubject: Re: talk\r\n\r\n")

    async def found(condition: c.Condition) -> list[int]:
        return await world.mail.search(world.a, condition, mailbox_id=inbox)

    assert [2] == await found(c.EmailIs(entries[1].email_id))
    assert [] == await found(c.EmailIs(EmailId(77)))
    assert [5, 7, 8] == await found(c.ModSeqAtLeast(stored.modseq))
    assert [root.uid, reply.uid] == await found(c.ThreadIs(root.thread_id))
    assert [2, 3] == await found(c.EmailIn(frozenset((entries[1].email_id, entries[2].email_id, EmailId(77)))))
    either = c.Or((c.EmailIn(frozenset((entries[1].email_id,))), c.Contains(F.SUBJECT, "talk", words=True)))
    assert [2, root.uid, reply.uid] == await found(either)
    assert 8 == len(await found(c.InMailbox(inbox)))
    assert [] == await found(c.InMailbox(MailboxId(3)))
    archive = (await world.box("Archive")).mailbox_id
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([3]), archive)
    assert [3] == await found(c.InMailbox(archive))
    assert [1] == await world.mail.search(world.a, c.Contains(F.BODY, "Grüße"), mailbox_id=archive)


async def test_what_came_last_is_found_at_once(world: World) -> None:
    inbox = await filled(world)
    for number in range(80):
        word = os.urandom(6).hex()
        filed = await world.deliver(message(body=f"before {word} after"))
        if number % 10 == 0:
            assert [filed.uid] == await world.mail.search(world.a, c.Contains(F.BODY, word), mailbox_id=inbox)
    await world.mail.expunge(world.a, world.op(), inbox, UidSet.of_ranges([(7, 200)]), only_deleted=False)
    assert [] == await world.mail.search(world.a, c.Contains(F.BODY, "before"), mailbox_id=inbox)


async def test_what_lies_within_a_message_is_found(world: World) -> None:
    """RFC 9051 §6.4.4: TEXT looks at the MIME header fields too, so at file names; an embedded message is body, with its header."""
    inbox = await world.inbox()
    within = (
        b"From: a@b.example\r\nSubject: outer\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: message/rfc822\r\n\r\nFrom: Zo\xc3\xab <zoe@c.example>\r\nSubject: =?utf-8?q?Caf=C3=A9_closed?=\r\n\r\ninnermost words\r\n--x\r\n"
        b"Content-Type: image/png\r\nContent-Disposition: attachment; filename*=utf-8''Stra%C3%9Fe%20im%20M%C3%A4rz.png\r\n\r\nPNG\r\n--x--\r\n"
    )
    uid = (await world.mail.append(world.a, world.op(), inbox, [NewMessage(within, frozenset(), NOON)])).uids[0]
    for where, words, is_found in (
        (F.BODY, "caf\u00e9 closed", True), (F.BODY, "zoe@c.example", True), (F.BODY, "innermost", True), (F.BODY, "outer", False), (F.BODY, "m\u00e4rz", False),
        (F.TEXT, "stra\u00dfe im m\u00e4rz.png", True), (F.TEXT, "caf\u00e9 closed", True), (F.SUBJECT, "closed", False), (F.FROM, "zoe", False),
        (F.FILE, "stra\u00dfe im m\u00e4rz.png", True), (F.FILE, "attachment", False), (F.FILE, "image/png", False), (F.FILE, "outer", False),
    ):
        for _ in range(2):
            found = await world.mail.search(world.a, c.Contains(where, words), mailbox_id=inbox)
            assert ([uid] if is_found else []) == found, (where, words)
    for words, is_found in (("m\u00e4r stra", True), ("attach", False), ("png 2026", False)):
        assert ([uid] if is_found else []) == await world.mail.search(world.a, c.Contains(F.FILE, words, words=True), mailbox_id=inbox), words


async def test_large_and_odd_bodies(world: World) -> None:
    inbox = await world.inbox()
    large = message(body=("filler words here " * 60 + "\r\n") * 1500 + "needle-at-the-end")
    assert len(large) > 1 << 20
    await world.append(inbox, octets=large)
    assert [1] == await world.mail.search(world.a, c.Contains(F.BODY, "needle-at-the-end"), mailbox_id=inbox)


@pytest.mark.parametrize("text", ["", " ", "%", "*", '"', "'", "NEAR(", "a\0b", "\ud800", "x" * 5000, "-", "(", "日本"])
async def test_no_text_is_too_odd_to_look_for(world: World, text: str) -> None:
    inbox = await filled(world)
    for field in c.Field:
        for words in (False, True):
            found = await world.mail.search(world.a, c.Contains(field, text, words=words), mailbox_id=inbox)
            assert set(found) <= {1, 2, 3, 4, 5, 6}
    await world.mail.search(world.a, c.Header(text, text), mailbox_id=inbox)
    await world.mail.search(world.a, c.HasFlag(text), mailbox_id=inbox)
