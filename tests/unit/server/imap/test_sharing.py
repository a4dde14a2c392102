"""Mailboxes of others over IMAP: the namespace, ACLs, every command under the rights that one has, and the end of them (RFC 4314, RFC 2342)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.harness.imap import ImapSite, ask
from tests.harness.memory_stream import MemoryStream
from tests.harness.real_mail import real_store

from mailstead.model.ids import AccountId
from mailstead.model.sharing import ALL, NONE, Right
from mailstead.service.sharing import Sharing
from mailstead.store import Embedded

THEIRS = "Other Users/alice@example.org"
MESSAGE = "From: a@far.test\r\nSubject: {}\r\n\r\ntext\r\n"


class Site(ImapSite):
    store: Embedded
    sharing: Sharing
    who: dict[str, AccountId]

    async def give(self, box: str, rights: Right, to: str = "bob") -> None:
        path = tuple(box.split("/"))
        info = await self.store.mail.mailbox(self.who["alice"], path)
        assert info is not None
        await self.sharing.give(self.who["alice"], info.mailbox_id, {self.who[to]: rights}, by=self.who["alice"])


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with real_store(tmp_path, ["alice", "bob", "carl"]) as (store, accounts):
        sharing = Sharing(store, now_ms=store.now_ms, new_id=store.ids.next)
        async with Site(mail=store.mail, watch=store.watch, accounts=accounts, sharing=sharing) as found:
            found.store, found.sharing, found.who = store, sharing, accounts
            yield found


async def append(stream: MemoryStream, box: str, subject: str = "hello", flags: str = "") -> list[str]:
    text = MESSAGE.format(subject)
    return await ask(stream, f'APPEND "{box}" ({flags}) {{{len(text)}+}}\r\n{text}')


async def prepared(site: Site) -> tuple[MemoryStream, MemoryStream]:
    """Alice with a mailbox Team of two messages, and bob."""
    alice, bob = await site.session("alice"), await site.session("bob")
    for box in ("Team", "Private"):
        assert "OK" in (await ask(alice, f"CREATE {box}"))[-1]
    for subject in ("one", "two"):
        assert "OK" in (await append(alice, "Team", subject))[-1]
    return alice, bob


async def said(stream: MemoryStream, text: str) -> str:
    """The tagged line without its tag."""
    return (await ask(stream, text))[-1][2:]


async def test_without_sharing_there_is_no_other_namespace(tmp_path: Path) -> None:
    async with ImapSite() as site:
        stream = await site.session()
        words = (await ask(stream, "CAPABILITY"))[0].split()
        assert not {"ACL", "RIGHTS=texk", "LIST-MYRIGHTS"} & set(words)
        assert '* NAMESPACE (("" "/")) NIL NIL' == (await ask(stream, "NAMESPACE"))[0]
        for text in ("GETACL INBOX", "MYRIGHTS INBOX", "SETACL INBOX bob lr", "DELETEACL INBOX bob", "LISTRIGHTS INBOX bob"):
            assert (await said(stream, text)).startswith("NO [CANNOT]"), text
        assert (await said(stream, 'LIST "" * RETURN (MYRIGHTS)')).startswith("BAD ")


async def test_the_namespace_and_what_is_listed_in_it(site: Site) -> None:
    alice, bob = await prepared(site)
    assert {"ACL", "RIGHTS=texk", "LIST-MYRIGHTS"} <= set((await ask(bob, "CAPABILITY"))[0].split())
    assert '* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL' == (await ask(bob, "NAMESPACE"))[0]
    assert [] == [line for line in await ask(bob, 'LIST "" *') if "Other" in line]
    await ask(alice, "CREATE Private/Below")
    await site.give("Private/Below", Right.READ)
    await site.give("Team", Right.READ)
    listed = [line for line in await ask(bob, 'LIST "" *') if "Other" in line]
    assert [f'* LIST (\\HasNoChildren) "/" "{THEIRS}/{name}"' for name in ("Private/Below", "Team")] == listed
    assert ['* LIST (\\NonExistent \\HasChildren) "/" "Other Users"'] == [line for line in await ask(bob, 'LIST "" %') if "Other" in line]
    assert [f'* LIST (\\NonExistent \\HasChildren) "/" "{THEIRS}"'] == (await ask(bob, 'LIST "" "Other Users/%"'))[:-1]
    assert {f'* LIST (\\NonExistent \\HasChildren) "/" "{THEIRS}/Private"', f'* LIST (\\HasNoChildren) "/" "{THEIRS}/Team"'} == set(
        (await ask(bob, f'LIST "{THEIRS}/" %'))[:-1])
    with_status = await ask(bob, f'LIST "" ("{THEIRS}/Team") RETURN (STATUS (MESSAGES))')
    assert f'* STATUS "{THEIRS}/Team" (MESSAGES 2)' in with_status
    assert [] == [line for line in await ask(alice, 'LIST "" *') if "Other" in line]


async def test_a_list_says_what_one_may_do(site: Site) -> None:
    """RFC 8440 §3: what MYRIGHTS would say of each mailbox that is there."""
    alice, bob = await prepared(site)
    await ask(alice, "CREATE Private/Below")
    await site.give("Private/Below", Right.READ)
    await site.give("Team", Right.READ | Right.ADD)
    listed = await ask(bob, 'LIST "" (* "Other Users/%/%") RETURN (MYRIGHTS STATUS (MESSAGES))')
    asked = [line for line in listed if line.startswith("* MYRIGHTS")]
    named = [line.split(" ", 3)[2].strip('"') if '"' not in line else line.split('"')[1] for line in asked]
    for name, line in zip(named, asked, strict=True):
        assert line == (await ask(bob, f'MYRIGHTS "{name}"'))[0]
    assert {"INBOX", f"{THEIRS}/Team", f"{THEIRS}/Private/Below"} <= set(named)
    assert f"{THEIRS}/Private" not in named
    at = listed.index(next(line for line in asked if "Team" in line))
    assert listed[at - 1].endswith(f'"{THEIRS}/Team"')
    assert listed[at + 1].startswith(f'* STATUS "{THEIRS}/Team"')


async def test_what_one_wants_to_see_is_ones_own(site: Site) -> None:
    alice, bob = await prepared(site)
    await site.give("Team", Right.READ)
    assert (await said(bob, f'UNSUBSCRIBE "{THEIRS}/Team"')).startswith("OK")
    assert [] == [line for line in await ask(bob, 'LSUB "" *') if "Other" in line]
    assert (await said(bob, f'SUBSCRIBE "{THEIRS}/Team"')).startswith("OK")
    assert [f'* LSUB (\\HasNoChildren) "/" "{THEIRS}/Team"'] == [line for line in await ask(bob, 'LSUB "" *') if "Other" in line]
    assert [f'* LIST (\\HasNoChildren \\Subscribed) "/" "{THEIRS}/Team"'] == [line for line in await ask(bob, 'LIST (SUBSCRIBED) "" *') if "Other" in line]
    assert (await said(bob, f'SUBSCRIBE "{THEIRS}/Private"')).startswith("NO [NONEXISTENT]")
    assert (await said(bob, f'UNSUBSCRIBE "{THEIRS}/Private"')).startswith("OK")
    assert (await said(bob, f'UNSUBSCRIBE "{THEIRS}/Team"')).startswith("OK")
    assert [] == [line for line in await ask(bob, 'LSUB "" *') if "Other" in line]
    assert [] == (await ask(alice, 'LSUB "" "Team"'))[:-1]


COMMANDS = (
    'SELECT "{}"', 'EXAMINE "{}"', 'STATUS "{}" (MESSAGES)', 'DELETE "{}"', 'RENAME "{}" "{}2"', 'CREATE "{}/below"', 'SUBSCRIBE "{}"', 'GETACL "{}"',
    'SETACL "{}" carl@example.org lr', 'DELETEACL "{}" bob@example.org', 'LISTRIGHTS "{}" bob@example.org', 'MYRIGHTS "{}"', 'COPY 1 "{}"', 'MOVE 1 "{}"')


async def test_every_command_by_somebody_who_was_given_nothing(site: Site) -> None:
    _, bob = await prepared(site)
    await append(bob, "INBOX")
    await ask(bob, "SELECT INBOX")
    for box in ("Team", "Private", "nowhere"):
        for command in COMMANDS:
            answer = await said(bob, command.replace("{}", f"{THEIRS}/{box}"))
            assert answer.startswith("NO ["), command
            if command.startswith(("SELECT", "EXAMINE")):
                await ask(bob, "SELECT INBOX")
        assert (await append(bob, f"{THEIRS}/{box}"))[-1].startswith("x NO [TRYCREATE]")
    same = [[await said(bob, command.replace("{}", f"{THEIRS}/{box}")) for command in COMMANDS if "SELECT" not in command and "EXAMINE" not in command]
            for box in ("Private", "nowhere")]
    assert same[0] == same[1], "nothing says that a mailbox is there"


async def test_every_command_by_a_reader(site: Site) -> None:
    _, bob = await prepared(site)
    await append(bob, "INBOX")
    await ask(bob, "SELECT INBOX")
    await site.give("Team", Right.READ)
    may = {"SELECT", "EXAMINE", "STATUS", "SUBSCRIBE", "MYRIGHTS"}
    for command in COMMANDS:
        answer = await said(bob, command.replace("{}", f"{THEIRS}/Team"))
        assert answer.startswith("OK" if command.split()[0] in may else "NO [NOPERM]"), (command, answer)
        if command.startswith(("SELECT", "EXAMINE")):
            await ask(bob, "SELECT INBOX")
    assert (await append(bob, f"{THEIRS}/Team"))[-1].startswith("x NO [NOPERM]")


async def test_reading_and_what_it_does_not_change(site: Site) -> None:
    alice, bob = await prepared(site)
    await ask(alice, "SELECT Private")
    await append(alice, "Private", "hidden", "secretword")
    await site.give("Team", Right.READ)
    answer = await ask(bob, f'SELECT "{THEIRS}/Team"')
    assert "* 2 EXISTS" in answer
    assert "[READ-ONLY]" in answer[-1]
    assert [] == [line for line in answer if "secretword" in line], "keywords of other mailboxes are not told"
    assert "* OK [PERMANENTFLAGS ()] Flags that can be changed" in answer
    fetched = await ask(bob, "FETCH 1:2 (BODY[HEADER.FIELDS (SUBJECT)] FLAGS)")
    assert 2 == sum("Subject:" in line for line in fetched)
    assert [] == [line for line in fetched if "\\Seen" in line]
    assert ["* SEARCH 2", "x OK SEARCH completed"] == await ask(bob, "SEARCH SUBJECT two")
    for text in ("STORE 1 +FLAGS (\\Seen)", "EXPUNGE"):
        assert (await said(bob, text)).startswith("NO [NOPERM]"), text
    assert (await said(bob, "CLOSE")).startswith("OK")
    assert 0 == sum("\\Seen" in line for line in (await ask(alice, "SELECT Team")) + (await ask(alice, "FETCH 1:2 FLAGS")) if "FETCH" in line)


async def test_flags_by_right(site: Site) -> None:
    alice, bob = await prepared(site)
    await site.give("Team", Right.READ | Right.SEEN)
    assert "* OK [PERMANENTFLAGS (\\Seen)] Flags that can be changed" in await ask(bob, f'SELECT "{THEIRS}/Team"')
    await ask(alice, "SELECT Team")
    await ask(alice, "STORE 1:2 FLAGS (\\Flagged work)")
    await ask(bob, "NOOP")
    assert (await said(bob, "STORE 1 +FLAGS (\\Seen \\Deleted new)")).startswith("OK"), "as far as it may (RFC 4314 §4)"
    assert (await said(bob, "STORE 1 +FLAGS (\\Deleted)")).startswith("NO [NOPERM]")
    assert (await said(bob, "STORE 2 FLAGS (\\Seen)")).startswith("OK")
    assert (await said(bob, "STORE 2 FLAGS ()")).startswith("OK")
    assert {"* 1 FETCH (FLAGS (\\Seen \\Flagged work \\Recent))", "* 2 FETCH (FLAGS (\\Flagged work \\Recent))"} == set(
        (await ask(alice, "FETCH 1:2 FLAGS"))[:2]), "to the owner it is still recent"
    await site.give("Team", Right.READ | Right.KEYWORDS | Right.REMOVE)
    assert (await said(bob, "STORE 1 FLAGS (\\Answered)")).startswith("OK")
    assert "* 1 FETCH (FLAGS (\\Seen \\Answered \\Recent))" in await ask(alice, "FETCH 1 FLAGS")
    assert (await said(bob, "STORE 1 +FLAGS (\\Deleted)")).startswith("OK")
    assert "* 1 EXPUNGE" in await ask(bob, "EXPUNGE")


async def test_appending_copying_and_moving(site: Site) -> None:
    alice, bob = await prepared(site)
    await site.give("Team", Right.READ | Right.ADD)
    assert (await append(bob, f"{THEIRS}/Team", "three", "\\Seen \\Flagged"))[-1].startswith("x OK [APPENDUID")
    await append(bob, "INBOX", "mine", "\\Answered \\Seen")
    await ask(bob, "SELECT INBOX")
    assert (await said(bob, f'COPY 1 "{THEIRS}/Team"')).startswith("OK [COPYUID ")
    moved = await ask(bob, f'MOVE 1 "{THEIRS}/Team"')
    assert ("* OK [COPYUID" in moved[0], "* 1 EXPUNGE" in moved) == (True, True)
    await ask(alice, "SELECT Team")
    fetched = await ask(alice, "FETCH 3:5 FLAGS")
    assert [f"* {number} FETCH (FLAGS (\\Recent))" for number in (3, 4, 5)] == [line.replace("FLAGS ()", "FLAGS (\\Recent)") for line in fetched[:3]]
    await ask(bob, f'SELECT "{THEIRS}/Team"')
    assert (await said(bob, "COPY 1:2 INBOX")).startswith("OK [COPYUID ")
    assert (await said(bob, "MOVE 1:2 INBOX")).startswith("NO [NOPERM]")
    await site.give("Team", Right.READ | Right.REMOVE)
    assert (await said(bob, "MOVE 1:2 INBOX")).startswith("OK")
    assert "* STATUS INBOX (MESSAGES 4)" in await ask(bob, "STATUS INBOX (MESSAGES)")
    assert "* STATUS Team (MESSAGES 3)" in await ask(alice, "STATUS Team (MESSAGES)")
    await site.give("Team", ALL)
    await site.give("Private", ALL)
    assert (await said(bob, f'COPY 1 "{THEIRS}/Private"')).startswith("OK [COPYUID ")
    assert (await said(bob, f'MOVE 1 "{THEIRS}/Private"')).startswith("OK")
    assert "* STATUS Private (MESSAGES 2)" in await ask(alice, "STATUS Private (MESSAGES)")


async def test_the_tree_by_right(site: Site) -> None:
    alice, bob = await prepared(site)
    await site.give("Team", ALL)
    assert (await said(bob, f'CREATE "{THEIRS}/Team/below"')).startswith("OK")
    assert "* LIST" in (await ask(alice, 'LIST "" Team/below'))[0]
    for name in (f"{THEIRS}/top", "Other Users/x", "Other Users", "Other Users/nobody@example.org/x"):
        assert (await said(bob, f'CREATE "{name}"')).startswith("NO"), name
    assert (await said(bob, f'RENAME "{THEIRS}/Team/below" "{THEIRS}/Team/beneath"')).startswith("OK")
    assert (await said(bob, f'RENAME "{THEIRS}/Team/beneath" "{THEIRS}/top"')).startswith("NO [NOPERM]")
    assert (await said(bob, f'RENAME "{THEIRS}/Team/beneath" mine')).startswith("NO [CANNOT]")
    assert (await said(bob, f'RENAME INBOX "{THEIRS}/Team/x"')).startswith("NO [CANNOT]")
    assert (await said(bob, f'DELETE "{THEIRS}/Team/beneath"')).startswith("OK")
    await site.give("Team", ALL & ~Right.REMOVE)
    assert (await said(bob, f'DELETE "{THEIRS}/Team"')).startswith("NO [NOPERM]"), "what lies in it may not be removed"
    await site.give("Team", ALL)
    assert (await said(bob, f'DELETE "{THEIRS}/Team"')).startswith("OK")
    assert [] == (await ask(alice, 'LIST "" Team'))[:-1]


async def test_rights_are_read_and_changed_by_address(site: Site) -> None:
    alice, bob = await prepared(site)
    everything = "lrswipkxteacd"
    assert f'* ACL Team "alice@example.org" {everything}' == (await ask(alice, "GETACL Team"))[0]
    assert f"* MYRIGHTS Team {everything}" == (await ask(alice, "MYRIGHTS Team"))[0]
    assert "* LISTRIGHTS Team \"bob@example.org\" \"\" lr s w i p k x te a c d" == (await ask(alice, "LISTRIGHTS Team bob@example.org"))[0]
    assert f'* LISTRIGHTS Team "alice@example.org" {everything}' == (await ask(alice, "LISTRIGHTS Team alice@example.org"))[0]
    assert (await said(alice, "SETACL Team bob@example.org lrs")).startswith("OK")
    assert (await said(alice, "SETACL Team bob@example.org +id")).startswith("OK")
    assert (await said(alice, "SETACL Team bob@example.org -s")).startswith("OK")
    assert f'* ACL Team "alice@example.org" {everything} "bob@example.org" lrited' == (await ask(alice, "GETACL Team"))[0]
    assert f'* MYRIGHTS "{THEIRS}/Team" lrited' == (await ask(bob, f'MYRIGHTS "{THEIRS}/Team"'))[0]
    for who in ("anyone", "-bob@example.org", "nobody@example.org", "alice@example.org"):
        assert (await said(alice, f"SETACL Team {who} lr")).startswith("NO"), who
    assert (await said(alice, "SETACL Team bob@example.org lrq")).startswith("BAD")
    assert (await said(bob, f'SETACL "{THEIRS}/Team" carl@example.org lr')).startswith("NO [NOPERM]")
    assert (await said(alice, "SETACL Team bob@example.org +a")).startswith("OK")
    assert (await said(bob, f'SETACL "{THEIRS}/Team" carl@example.org lr')).startswith("OK")
    assert '"carl@example.org" lr' in (await ask(bob, f'GETACL "{THEIRS}/Team"'))[0]
    assert (await said(alice, "DELETEACL Team bob@example.org")).startswith("OK")
    assert (await said(bob, f'MYRIGHTS "{THEIRS}/Team"')).startswith("NO [NONEXISTENT]")
    assert (await said(alice, "DELETEACL Team bob@example.org")).startswith("OK")
    kept = await site.store.kept.of(site.who["carl"], 13)  # type: ignore[arg-type]
    assert 1 == len(kept.objects), "carl is told"


async def test_nobody_gives_a_right_that_they_do_not_have(site: Site) -> None:
    """The same rule as over JMAP (docs/decisions/0090)."""
    _, bob = await prepared(site)
    await site.give("Team", Right.READ | Right.SHARE | Right.SEEN)
    await site.give("Team", Right.KEYWORDS, "carl")
    for text in (f'SETACL "{THEIRS}/Team" carl@example.org +i', f'SETACL "{THEIRS}/Team" bob@example.org +te', f'SETACL "{THEIRS}/Team" carl@example.org lrswi'):
        assert (await said(bob, text)).startswith("NO [NOPERM]"), text
    assert "OK" in await said(bob, f'SETACL "{THEIRS}/Team" carl@example.org +lrs')
    assert "OK" in await said(bob, f'SETACL "{THEIRS}/Team" carl@example.org -w')
    assert (await said(bob, f'SETACL "{THEIRS}/Team" carl@example.org +w')).startswith("NO [NOPERM]")
    assert "OK" in await said(bob, f'SETACL "{THEIRS}/Team" bob@example.org -s')


async def test_where_one_may_only_add_nothing_is_seen(site: Site) -> None:
    _, bob = await prepared(site)
    await site.give("Team", Right.ADD)
    assert [] == [line for line in await ask(bob, 'LIST "" *') if "Other" in line]
    for text in ('SELECT "{}"', 'STATUS "{}" (MESSAGES)', 'GETACL "{}"'):
        assert (await said(bob, text.replace("{}", f"{THEIRS}/Team"))).startswith("NO [NONEXISTENT]"), text
    assert (await append(bob, f"{THEIRS}/Team"))[-1].startswith("x OK")
    assert f'* MYRIGHTS "{THEIRS}/Team" i' == (await ask(bob, f'MYRIGHTS "{THEIRS}/Team"'))[0]


async def test_news_comes_to_a_guest_and_ends_with_the_rights(site: Site) -> None:
    alice, bob = await prepared(site)
    await site.give("Team", Right.READ)
    await ask(bob, f'SELECT "{THEIRS}/Team"')
    bob.say(b"i IDLE\r\n")
    assert b"+ idling" == await bob.hear_line()
    await append(alice, "Private", "hidden")
    await append(alice, "Team", "three")
    assert b"* 3 EXISTS" == await asyncio.wait_for(bob.hear_line(), 10)
    await site.give("Team", NONE)
    heard: bytes | None = b""
    while heard is not None and not heard.startswith(b"* BYE"):
        heard = await asyncio.wait_for(bob.hear_line(), 10)
        assert heard is not None
        assert b"EXISTS" not in heard
    assert b"* BYE The selected mailbox is not shared with you any more" == heard


@pytest.mark.parametrize("text", ["FETCH 1 BODY[]", "STORE 1 +FLAGS (x)", "SEARCH ALL", "COPY 1 INBOX", "EXPUNGE", "NOOP"])
async def test_the_next_command_after_a_right_was_taken(site: Site, text: str) -> None:
    _, bob = await prepared(site)
    await site.give("Team", ALL)
    await ask(bob, f'SELECT "{THEIRS}/Team"')
    await site.give("Team", NONE)
    bob.say(f"x {text}\r\n".encode())
    assert b"* BYE The selected mailbox is not shared with you any more" == await asyncio.wait_for(bob.hear_line(), 10)


async def test_rights_that_shrink_hold_at_once(site: Site) -> None:
    _, bob = await prepared(site)
    await site.give("Team", ALL)
    await ask(bob, f'SELECT "{THEIRS}/Team"')
    await site.give("Team", Right.READ)
    for text in ("STORE 1 +FLAGS (\\Seen)", "EXPUNGE", "MOVE 1 INBOX"):
        assert (await said(bob, text)).startswith("NO [NOPERM]"), text
    assert (await said(bob, "FETCH 1 FLAGS")).startswith("OK")
    assert (await said(bob, "CLOSE")).startswith("OK")


async def test_a_suspended_owner_shares_nothing(site: Site) -> None:
    _, bob = await prepared(site)
    await site.give("Team", ALL)
    await site.store.directory.account_set(site.who["alice"], state="suspended")
    assert (await said(bob, f'SELECT "{THEIRS}/Team"')).startswith("NO [NONEXISTENT]")
    assert [] == [line for line in await ask(bob, 'LIST "" *') if "Other" in line]


async def test_an_address_with_the_separator_in_it(tmp_path: Path) -> None:
    async with real_store(tmp_path, ["alice", "bob"]) as (store, accounts):
        sharing = Sharing(store, now_ms=store.now_ms, new_id=store.ids.next)
        async with Site(mail=store.mail, watch=store.watch, accounts=accounts, sharing=sharing, separator=".") as site:
            site.store, site.sharing, site.who = store, sharing, accounts
            await site.give("INBOX", Right.READ)
            bob = await site.session("bob")
            name = "Other Users.alice@example^org.INBOX"
            assert [f'* LIST (\\HasNoChildren) "." "{name}"'] == [line for line in await ask(bob, 'LIST "" *') if "Other" in line]
            assert (await said(bob, f'SELECT "{name}"')).startswith("OK")
            assert (await said(bob, 'SELECT "Other Users.ALICE@example^org.inbox"')).startswith("OK")
