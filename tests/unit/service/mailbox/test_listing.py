"""The mailbox tree (RFC 5258 §3-5). The wire's side is in the transcripts."""

import time

from tests.harness.fake_mail import FakeMail

from mailstead.model.ids import AccountId, OpId
from mailstead.model.mailbox import Role
from mailstead.service.mailbox import listing
from mailstead.service.mailbox.listing import Wish
from mailstead.service.mailbox.names import Names

ALICE = AccountId(1)
NAMES = Names("/")


async def listed(mail: FakeMail, *patterns: str, **wishes: bool) -> list[tuple[str, tuple[str, ...]]]:
    lines = await listing.lines(mail, ALICE, NAMES, Wish(patterns, **wishes))
    return [(line.name, line.attributes) for line in lines]


async def test_attributes() -> None:
    mail = FakeMail()
    await mail.mailbox_create(ALICE, OpId(b"1"), ("a", "b"))
    await mail.mailbox_create(ALICE, OpId(b"2"), ("vip",), role=Role.IMPORTANT)
    await mail.mailbox_delete(ALICE, OpId(b"3"), ("a",))
    assert [("a", ("\\Noselect", "\\HasChildren")), ("a/b", ("\\HasNoChildren",))] == await listed(mail, "a*")
    assert [("vip", ("\\HasNoChildren", "\\Important"))] == await listed(mail, "v%")


async def test_subscriptions_survive_their_mailboxes() -> None:
    mail = FakeMail()
    await mail.subscribe(ALICE, ("gone", "deep"), subscribed=True)
    assert [("gone/deep", ("\\NonExistent", "\\HasNoChildren", "\\Subscribed"))] == await listed(mail, "g*", subscribed=True)
    (line,) = await listing.lines(mail, ALICE, NAMES, Wish(("g%",), subscribed=True, recursive=True))
    assert ("gone", True) == (line.name, line.child_info)
    (line,) = await listing.subscribed_lines(mail, ALICE, NAMES, "g%")
    assert ("gone", ("\\Noselect",)) == (line.name, line.attributes)


async def test_a_name_is_listed_once_whatever_patterns_fit() -> None:
    assert ["INBOX"] == [name for name, _ in await listed(FakeMail(), "I*", "inbox", "%X")]


async def test_many_mailboxes_and_patterns_take_a_moment_only() -> None:
    mail = FakeMail()
    for number in range(300):
        await mail.mailbox_create(ALICE, OpId(b"%d" % number), (f"mailbox{number:04}",))
    start = time.perf_counter()
    await listed(mail, *[f"*{number}%x*" for number in range(20)])
    assert time.perf_counter() - start < 2.0
