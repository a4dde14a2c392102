"""An account as a grantee sees it: what lies in mailboxes that they may read, and changes under the rights that they have."""

import pytest
from tests.contract.store.conftest import World, message

from mailstead.model import condition as c
from mailstead.model.change import StateTooOld
from mailstead.model.email import EmailPatch, EmailsSet, Fault, Kind, MailboxPatch, NewEmail, ObjectChanges, Position
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import EmailId, MailboxId
from mailstead.model.query import Query, Window
from mailstead.model.sharing import ALL, NONE, Grant, Right
from mailstead.model.uids import UidSet

LOOK = Right.READ


async def give(world: World, mailbox: MailboxId, rights: Right) -> None:
    await world.store.shares.set(world.a, world.op(), [Grant(mailbox, world.b, rights)])


async def put(world: World, box: MailboxId, *flags: str) -> EmailId:
    (email,) = (await world.append(box, *flags)).email_ids
    return email


async def at(world: World, kind: Kind = Kind.EMAIL) -> Position:
    states = await world.store.emails.states(world.a, viewer=world.b)
    return Position(states.epoch, states.of(kind))


async def told(world: World, since: Position, kind: Kind = Kind.EMAIL) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """(created, updated, destroyed)."""
    found: ObjectChanges = await world.store.emails.changes(world.a, kind, since, 0, viewer=world.b)
    assert found.new == await at(world, kind)
    return found.created, found.updated, found.destroyed


async def seen(world: World, *emails: EmailId) -> dict[EmailId, tuple[tuple[MailboxId, ...], int]]:
    """Email to (mailboxes, flags)."""
    _, rows = await world.store.emails.emails(world.a, emails, content=False, viewer=world.b)
    return {email: (row.mailbox_ids, row.flags) for email, row in rows.items()}


async def set_(world: World, *patches: EmailPatch, create: tuple[NewEmail, ...] = (), destroy: tuple[EmailId, ...] = ()) -> EmailsSet:
    return await world.store.emails.set(world.a, world.op(), create=create, update=patches, destroy=destroy, viewer=world.b)


async def test_who_was_given_nothing_finds_no_account(world: World) -> None:
    inbox = await world.inbox()
    emails = world.store.emails
    for ask in (
        lambda: emails.states(world.a, viewer=world.b), lambda: emails.emails(world.a, [], content=True, viewer=world.b),
        lambda: emails.threads(world.a, [], viewer=world.b), lambda: emails.changes(world.a, Kind.EMAIL, Position(1, 1), 0, viewer=world.b),
        lambda: emails.query(world.a, Query(), Window(), viewer=world.b), lambda: emails.query(world.a, Query(c.InMailbox(inbox)), Window(), viewer=world.b),
        lambda: emails.query_changes(world.a, Query(), Position(1, 1), 0, total=True, viewer=world.b), lambda: emails.above(world.a, world.b),
        lambda: emails.set(world.a, world.op(), viewer=world.b),
    ):
        with pytest.raises(Refusal) as caught:
            await ask()
        assert Reason.NOT_FOUND is caught.value.reason


async def test_only_what_lies_in_shared_mailboxes_is_there(world: World) -> None:
    inbox, team = await world.inbox(), (await world.box("Team")).mailbox_id
    hidden, both, shown = await put(world, inbox), await put(world, inbox), await put(world, team, "\\Seen")
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([2]), team)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([2]), add=frozenset({"\\Flagged"}))
    await give(world, team, LOOK)
    assert {both: ((team,), 0), shown: ((team,), 1)} == await seen(world, hidden, both, shown)
    emails = world.store.emails
    _, rows = await emails.emails(world.a, [hidden, both, shown], content=False)
    _, threads = await emails.threads(world.a, [row.thread_id for row in rows.values()], viewer=world.b)
    assert {(both,), (shown,)} == set(threads.values())
    for query, found in (
        (Query(), {both, shown}), (Query(c.InMailbox(team)), {both, shown}), (Query(c.InMailbox(inbox)), set()), (Query(c.HasFlag("\\Flagged")), set()),
        (Query(c.InOtherThan(frozenset((team,)))), set()), (Query(c.HasFlag("\\Seen")), {shown}), (Query(c.Contains(c.Field.TEXT, "text", words=True)), {both, shown}),
        (Query(c.And((c.InMailbox(inbox), c.Contains(c.Field.TEXT, "text", words=True)))), set()),
    ):
        answer = await emails.query(world.a, query, Window(total=True), viewer=world.b)
        assert (found, len(found)) == (set(answer.ids), answer.total), query
    assert {hidden, both, shown} == set((await emails.query(world.a, Query(), Window())).ids)


async def test_a_thread_holds_only_what_is_seen_and_conditions_on_it_know_no_more(world: World) -> None:
    inbox, team = await world.inbox(), (await world.box("Team")).mailbox_id
    (first,) = (await world.append(inbox, "\\Flagged", octets=message("talk", more="X-A: b").replace(b"Message-ID: <", b"Message-ID: <root"))).email_ids
    ident = b"<root" + (await world.octets(first)).split(b"Message-ID: <root")[1].split(b"\r\n")[0]
    (answer,) = (await world.append(team, octets=message("Re: talk", more=f"In-Reply-To: {ident.decode()}"))).email_ids
    await give(world, team, LOOK)
    _, rows = await world.store.emails.emails(world.a, [first, answer], content=False)
    assert rows[first].thread_id == rows[answer].thread_id
    _, threads = await world.store.emails.threads(world.a, [rows[first].thread_id], viewer=world.b)
    assert [(answer,)] == list(threads.values())
    asked = Query(c.ThreadHas("\\Flagged"))
    assert () == (await world.store.emails.query(world.a, asked, Window(), viewer=world.b)).ids
    assert {first, answer} == set((await world.store.emails.query(world.a, asked, Window())).ids)


async def test_states_move_with_what_is_seen_and_with_nothing_else(world: World) -> None:
    inbox, team = await world.inbox(), (await world.box("Team")).mailbox_id
    await give(world, team, LOOK)
    before = {kind: await at(world, kind) for kind in Kind}
    await world.deliver()
    await world.mail.mailbox_rename(world.a, world.op(), ("Archive",), ("Old",))
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1]), add=frozenset({"\\Seen"}))
    assert before == {kind: await at(world, kind) for kind in Kind}
    await put(world, team)
    assert all([before[kind].modseq < (await at(world, kind)).modseq for kind in Kind])
    before = {kind: await at(world, kind) for kind in Kind}
    await world.mail.mailbox_rename(world.a, world.op(), ("Team",), ("Group",))
    assert before[Kind.MAILBOX].modseq < (await at(world, Kind.MAILBOX)).modseq
    assert ((), (), ()) == await told(world, before[Kind.THREAD], Kind.THREAD)


async def test_what_comes_into_sight_is_created_and_what_leaves_it_destroyed(world: World) -> None:
    inbox, team, other = await world.inbox(), (await world.box("Team")).mailbox_id, (await world.box("Other")).mailbox_id
    one = await put(world, team)
    await give(world, team, LOOK)
    since = await at(world)
    hidden, new = await put(world, inbox), await put(world, team)
    assert ((new,), (), ()) == await told(world, since)
    await world.mail.set_flags(world.a, world.op(), team, UidSet.of([1]), add=frozenset({"\\Seen"}))
    assert ((new,), (one,), ()) == await told(world, since)
    since = await at(world)
    await world.mail.move(world.a, world.op(), team, UidSet.of([1]), other)
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([1]), team)
    assert ((hidden,), (), (one,)) == await told(world, since)
    since = await at(world)
    await world.mail.set_flags(world.a, world.op(), team, UidSet.of([3]), add=frozenset({"\\Deleted"}))
    assert ((), (), (hidden,)) == await told(world, since)
    since = await at(world)
    await world.mail.set_flags(world.a, world.op(), team, UidSet.of([3]), remove=frozenset({"\\Deleted"}))
    assert ((hidden,), (), ()) == await told(world, since), "it is undeleted where it is seen, and was never deleted elsewhere"
    since = await at(world)
    gone = await put(world, team)
    await world.mail.expunge(world.a, world.op(), team, UidSet.of([4]), only_deleted=False)
    assert ((), (), ()) == await told(world, since)
    assert {} == await seen(world, gone)


async def test_what_happens_out_of_sight_is_not_told(world: World) -> None:
    inbox, team = await world.inbox(), (await world.box("Team")).mailbox_id
    await put(world, inbox)
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([1]), team)
    await give(world, team, LOOK)
    since = await at(world)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1]), add=frozenset({"\\Flagged"}))
    await world.mail.expunge(world.a, world.op(), inbox, UidSet.of([1]), only_deleted=False)
    assert since == await at(world)
    assert ((), (), ()) == await told(world, since)


async def test_a_mailbox_that_is_given_or_taken_brings_and_takes_its_mail(world: World) -> None:
    inbox, team = await world.inbox(), (await world.box("Team")).mailbox_id
    one, two = await put(world, inbox), await put(world, team)
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([1]), team)
    await give(world, team, LOOK)
    since, boxes, threads = await at(world), await at(world, Kind.MAILBOX), await at(world, Kind.THREAD)
    three = await put(world, inbox)
    await give(world, inbox, LOOK)
    assert ((three,), (one,), ()) == await told(world, since)
    assert ((inbox,), (team,), ()) == await told(world, boxes, Kind.MAILBOX), "what is unread in Team may be another number: more of a conversation is seen"
    assert 1 == len((await told(world, threads, Kind.THREAD))[0])
    since, boxes = await at(world), await at(world, Kind.MAILBOX)
    await give(world, team, NONE)
    late = await put(world, team)
    created, updated, destroyed = await told(world, since)
    assert ((), (one,), (two,)) == (created, updated, destroyed)
    assert late not in destroyed
    assert ((), (inbox,), (team,)) == await told(world, boxes, Kind.MAILBOX)
    assert {one: ((inbox,), 0)} == await seen(world, one, two, late)


async def test_pages_tell_everything_once(world: World) -> None:
    team = (await world.box("Team")).mailbox_id
    await give(world, team, LOOK)
    since = await at(world)
    there = set((await world.append(team, count=7)).email_ids)
    found: list[int] = []
    for _ in range(10):
        page = await world.store.emails.changes(world.a, Kind.EMAIL, since, 3, viewer=world.b)
        assert len(page.created) <= 3
        found += page.created
        since = page.new
        if not page.more:
            break
    assert (7, there) == (len(found), set(found))
    assert since == await at(world)


async def test_mailboxes_above_are_known_by_name_and_go_with_what_lies_in_them(world: World) -> None:
    below = (await world.box("Top", "Middle", "Below")).mailbox_id
    top, middle = (await world.box("Top")).mailbox_id, (await world.box("Top", "Middle")).mailbox_id
    other = (await world.box("Other")).mailbox_id
    await give(world, other, LOOK)
    since = await at(world, Kind.MAILBOX)
    await give(world, below, LOOK)
    assert frozenset((top, middle)) == await world.store.emails.above(world.a, world.b)
    created, _, _ = await told(world, since, Kind.MAILBOX)
    assert {top, middle, below} == set(created)
    since = await at(world, Kind.MAILBOX)
    await put(world, top)
    assert since == await at(world, Kind.MAILBOX), "what is counted above is not theirs"
    await world.mail.mailbox_rename(world.a, world.op(), ("Top",), ("Summit",))
    assert ((), (top,), ()) == await told(world, since, Kind.MAILBOX)
    since = await at(world, Kind.MAILBOX)
    await world.mail.mailbox_rename(world.a, world.op(), ("Summit", "Middle", "Below"), ("Other", "Below"))
    created, updated, destroyed = await told(world, since, Kind.MAILBOX)
    assert (set(), {below}, {top, middle}) == (set(created), set(updated), set(destroyed))
    await give(world, other, NONE)
    since = await at(world, Kind.MAILBOX)
    await world.store.emails.mailbox_destroy(world.a, world.op(), below, with_emails=True)
    with pytest.raises(Refusal):
        await told(world, since, Kind.MAILBOX)


async def test_a_mailbox_that_is_destroyed_is_told(world: World) -> None:
    team, below = (await world.box("Team")).mailbox_id, (await world.box("Top", "Below")).mailbox_id
    top = (await world.box("Top")).mailbox_id
    await give(world, team, LOOK)
    await give(world, below, LOOK)
    email = await put(world, below)
    boxes, emails = await at(world, Kind.MAILBOX), await at(world)
    await world.store.emails.mailbox_destroy(world.a, world.op(), below, with_emails=True)
    _, _, destroyed = await told(world, boxes, Kind.MAILBOX)
    assert {below, top} == set(destroyed)
    assert ((), (), (email,)) == await told(world, emails)


async def test_query_changes_are_those_of_the_sight(world: World) -> None:
    inbox, team = await world.inbox(), (await world.box("Team")).mailbox_id
    one = await put(world, team)
    await give(world, team, LOOK)
    emails, query = world.store.emails, Query()
    since = (await emails.query(world.a, query, Window(), viewer=world.b)).state
    assert since == await at(world)
    await put(world, inbox)
    assert ((), ()) == ((found := await emails.query_changes(world.a, query, since, 0, total=True, viewer=world.b)).removed, found.added)
    two = await put(world, team)
    found = await emails.query_changes(world.a, query, since, 0, total=True, viewer=world.b)
    assert ((two,), ((0, two),), 2) == (found.removed, found.added, found.total)
    since = found.new
    await give(world, inbox, LOOK)
    await give(world, team, NONE)
    found = await emails.query_changes(world.a, query, since, 0, total=True, viewer=world.b)
    assert {one, two} <= set(found.removed)
    assert ([1], 1) == ([len(found.added)], found.total)
    with pytest.raises(StateTooOld):
        await emails.query_changes(world.a, query, Position(99, 1), 0, total=False, viewer=world.b)


async def test_keywords_by_right_and_only_where_it_is_seen(world: World) -> None:
    inbox, team = await world.inbox(), (await world.box("Team")).mailbox_id
    email = await put(world, inbox)
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([1]), team)
    flag, read = EmailPatch(email, add_keywords=frozenset({"work"})), EmailPatch(email, add_keywords=frozenset({"\\Seen"}))
    for rights, outcome in (
        (LOOK, [Fault.FORBIDDEN, Fault.FORBIDDEN]), (LOOK | Right.SEEN, [Fault.FORBIDDEN, Fault.NONE]), (LOOK | Right.KEYWORDS, [Fault.NONE, Fault.NONE])):
        await give(world, team, rights)
        assert outcome == [(await set_(world, patch)).updated[0] for patch in (flag, read)], "what is so already is no change"
    assert (set(), {"\\Seen", "work"}) == (await world.flags(inbox, 1), await world.flags(team, 1))
    assert (Fault.FORBIDDEN,) == (await set_(world, EmailPatch(email, keywords=frozenset({"work"})))).updated
    assert (Fault.NONE,) == (await set_(world, EmailPatch(email, keywords=frozenset({"\\Seen"})))).updated
    assert {"\\Seen"} == await world.flags(team, 1)
    await give(world, inbox, LOOK)
    assert (Fault.FORBIDDEN,) == (await set_(world, flag)).updated, "every mailbox that is seen must allow it (RFC 8621 §2)"


async def test_mailboxes_by_right(world: World) -> None:
    inbox, team, other = await world.inbox(), (await world.box("Team")).mailbox_id, (await world.box("Other")).mailbox_id
    email = await put(world, team)
    await give(world, team, LOOK)
    away, along = EmailPatch(email, mailbox_ids=frozenset((other,))), EmailPatch(email, add_mailboxes=frozenset((other,)))
    assert (Fault.NO_MAILBOX,) == (await set_(world, away)).updated
    await give(world, other, LOOK)
    assert [Fault.FORBIDDEN] * 2 == [(await set_(world, one)).updated[0] for one in (away, along)]
    await give(world, other, Right.ADD)
    assert [Fault.FORBIDDEN, Fault.NONE] == [(await set_(world, one)).updated[0] for one in (away, along)]
    assert {email: ((team,), 0)} == await seen(world, email), "where one may only add one sees nothing"
    await give(world, team, LOOK | Right.REMOVE)
    assert (Fault.IN_NO_MAILBOX,) == (await set_(world, EmailPatch(email, mailbox_ids=frozenset()))).updated
    assert (Fault.NO_MAILBOX,) == (await set_(world, EmailPatch(email, mailbox_ids=frozenset((inbox,))))).updated
    assert (Fault.NONE,) == (await set_(world, destroy=(email,))).destroyed
    assert [[], [1]] == [await world.uids(box) for box in (team, other)], "it goes where it is seen"


async def test_destroying_by_right(world: World) -> None:
    inbox, team = await world.inbox(), (await world.box("Team")).mailbox_id
    email, hidden = await put(world, team), await put(world, inbox)
    await give(world, team, ALL & ~Right.REMOVE)
    assert (Fault.FORBIDDEN, Fault.NOT_FOUND) == (await set_(world, destroy=(email, hidden))).destroyed
    await give(world, team, LOOK | Right.REMOVE)
    done = await set_(world, destroy=(email, hidden))
    assert (Fault.NONE, Fault.NOT_FOUND) == done.destroyed
    assert (done.new, [1]) == (await at(world), await world.uids(inbox))


async def test_making_by_right(world: World) -> None:
    inbox, team = await world.inbox(), (await world.box("Team")).mailbox_id
    await give(world, team, LOOK)
    new, read = NewEmail(message(), (team,)), NewEmail(message(), (team,), frozenset({"\\Seen"}))
    assert Fault.FORBIDDEN is (await set_(world, create=(new,))).made[0].fault
    await give(world, team, LOOK | Right.ADD)
    done = await set_(world, create=(new, read, NewEmail(message(), (inbox,))))
    assert [Fault.NONE, Fault.FORBIDDEN, Fault.NO_MAILBOX] == [one.fault for one in done.made]
    assert [1] == await world.uids(team)
    await give(world, team, NONE)
    with pytest.raises(Refusal) as caught:
        await set_(world, create=(new,))
    assert Reason.NOT_FOUND is caught.value.reason


async def test_a_child_made_below_is_seen_at_once(world: World) -> None:
    team = (await world.box("Team")).mailbox_id
    await give(world, team, ALL)
    since = await at(world, Kind.MAILBOX)
    made = await world.store.emails.mailbox_set(world.a, world.op(), None, MailboxPatch("child", team, None, None, None))
    created, _, _ = await told(world, since, Kind.MAILBOX)
    assert (made.mailbox_id,) == created
