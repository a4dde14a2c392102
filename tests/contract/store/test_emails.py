"""Emails as JMAP sees them: merged from entries, counted, changed, told (RFC 8621; DECISIONS 1, 2, 9)."""

import pytest
from tests.contract.store.conftest import World, message

from mailstead.model import condition as c
from mailstead.model import limits
from mailstead.model.change import StateTooOld
from mailstead.model.email import EmailPatch, Fault, Kind, MailboxPatch, NewEmail, Position, StateMismatch
from mailstead.model.ids import EmailId, MailboxId
from mailstead.model.mailbox import Role
from mailstead.model.query import AnchorNotFound, Comparator, Query, SortBy, TooManyChanges, Window
from mailstead.model.uids import UidSet


def with_id(ident: str, subject: str = "talk", more: str = "") -> bytes:
    return b"".join(
        line.encode() + b"\r\n" for line in (
            "From: ann@example.org", "To: bob@example.test", f"Subject: {subject}", f"Message-ID: <{ident}>",
            "Date: Tue, 24 Nov 2026 10:00:00 +0000", *more.splitlines(), "", "Text."))


async def counts(world: World, box: MailboxId) -> tuple[int, int, int, int]:
    info = await world.mail.mailbox_by_id(world.a, box)
    assert info is not None
    return info.emails, info.unread_emails, info.threads, info.unread_threads


async def flags(world: World, email: EmailId) -> set[str]:
    _, found = await world.store.emails.emails(world.a, [email], content=False)
    names = await world.mail.keywords(world.a)
    return {name for bit, name in names.items() if found[email].flags & bit} | set(found[email].more)


async def test_seen_needs_every_entry_and_other_keywords_one(world: World) -> None:
    inbox, other = await world.inbox(), (await world.box("Other")).mailbox_id
    filed = await world.deliver()
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([1]), other)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1]), add=frozenset({"\\Seen", "\\Flagged", "work"}))
    assert {"\\Flagged", "work"} == await flags(world, filed.email_id)
    assert (1, 1, 1, 1) == await counts(world, inbox) == await counts(world, other)
    await world.mail.set_flags(world.a, world.op(), other, UidSet.of([1]), add=frozenset({"\\Seen"}))
    assert {"\\Seen", "\\Flagged", "work"} == await flags(world, filed.email_id)
    assert (1, 0, 1, 0) == await counts(world, inbox) == await counts(world, other)


async def test_deleted_entries_are_invisible_and_uncounted(world: World) -> None:
    inbox, other = await world.inbox(), (await world.box("Other")).mailbox_id
    filed = await world.deliver()
    start = (await world.store.emails.states(world.a))
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([1]), other)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1]), add=frozenset({"\\Deleted"}))
    _, found = await world.store.emails.emails(world.a, [filed.email_id], content=True)
    assert (other,) == found[filed.email_id].mailbox_ids
    assert "hello" in found[filed.email_id].envelope.decode()
    assert (0, 0, 0, 0) == await counts(world, inbox)
    await world.mail.set_flags(world.a, world.op(), other, UidSet.of([1]), add=frozenset({"\\Deleted"}))
    _, found = await world.store.emails.emails(world.a, [filed.email_id], content=False)
    assert {} == found
    told = await world.store.emails.changes(world.a, Kind.EMAIL, Position(start.epoch, start.email), 0)
    assert ((), (), (filed.email_id,)) == (told.created, told.updated, told.destroyed)
    answer = await world.store.emails.query(world.a, Query(), Window(total=True))
    assert ((), 0) == (answer.ids, answer.total)
    now = await world.store.emails.states(world.a)
    await world.mail.set_flags(world.a, world.op(), other, UidSet.of([1]), remove=frozenset({"\\Deleted"}))
    told = await world.store.emails.changes(world.a, Kind.EMAIL, Position(now.epoch, now.email), 0)
    assert (filed.email_id,) == told.created
    assert [1] == await world.uids(inbox)


async def test_unread_threads_and_the_trash(world: World) -> None:
    inbox, trash, other = await world.inbox(), (await world.box("Trash")).mailbox_id, (await world.box("Other")).mailbox_id
    await world.deliver(with_id("1@x"))
    await world.deliver(with_id("2@x", "Re: talk", "In-Reply-To: <1@x>"))
    await world.deliver(with_id("3@x", "Re: talk", "In-Reply-To: <2@x>"))
    assert (3, 3, 1, 1) == await counts(world, inbox)
    await world.mail.move(world.a, world.op(), inbox, UidSet.of([2]), other)
    await world.mail.move(world.a, world.op(), inbox, UidSet.of([3]), trash)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1]), add=frozenset({"\\Seen"}))
    assert (1, 0, 1, 1) == await counts(world, inbox)
    assert (1, 1, 1, 1) == await counts(world, trash)
    await world.mail.set_flags(world.a, world.op(), other, UidSet.of([1]), add=frozenset({"\\Seen"}))
    assert (1, 0, 1, 0) == await counts(world, inbox)
    assert (1, 1, 1, 1) == await counts(world, trash)
    await world.mail.mailbox_role(world.a, world.op(), trash, Role.NONE)
    assert (1, 0, 1, 1) == await counts(world, inbox)


async def test_threads_lie_in_the_order_received(world: World) -> None:
    late = await world.deliver(with_id("1@x"), received_at_ms=2_000_000)
    early = await world.deliver(with_id("2@x", "Re: talk", "In-Reply-To: <1@x>"), received_at_ms=1_000_000)
    assert late.thread_id == early.thread_id
    _, found = await world.store.emails.threads(world.a, [late.thread_id, late.thread_id + 1])  # type: ignore[list-item]
    assert {late.thread_id: (early.email_id, late.email_id)} == found


async def test_states_move_only_with_their_type(world: World) -> None:
    states = world.store.emails.states
    before = await states(world.a)
    await world.deliver(with_id("1@x"))
    delivered = await states(world.a)
    for kind in Kind:
        assert before.of(kind) < delivered.of(kind)
    inbox = await world.inbox()
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1]), add=frozenset({"work"}))
    flagged = await states(world.a)
    assert delivered.email < flagged.email
    for kind in (Kind.MAILBOX, Kind.THREAD, Kind.DELIVERY):
        assert delivered.of(kind) == flagged.of(kind)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1]), add=frozenset({"\\Seen"}))
    seen = await states(world.a)
    assert (flagged.thread, flagged.delivery) == (seen.thread, seen.delivery)
    assert flagged.mailbox < seen.mailbox
    told = await world.store.emails.changes(world.a, Kind.MAILBOX, Position(flagged.epoch, flagged.mailbox), 0)
    assert ((inbox,), True) == (told.updated, told.only_counts)
    await world.append(inbox)
    assert seen.delivery == (await states(world.a)).delivery
    made = await states(world.a)
    await world.mail.mailbox_create(world.a, world.op(), ("New",))
    now = await states(world.a)
    assert made.email == now.email
    assert made.mailbox < now.mailbox
    told = await world.store.emails.changes(world.a, Kind.MAILBOX, Position(flagged.epoch, flagged.mailbox), 0)
    assert ((inbox,), 1, False) == (told.updated, len(told.created), told.only_counts)


async def test_changes_come_in_pages_even_within_one_change(world: World) -> None:
    inbox = await world.inbox()
    start = await world.store.emails.states(world.a)
    done = await world.append(inbox, count=10)
    at = Position(start.epoch, start.email)
    found: list[int] = []
    pages = 0
    while True:
        told = await world.store.emails.changes(world.a, Kind.EMAIL, at, 3)
        found += told.created
        at = told.new
        pages += 1
        assert Position.parse(str(at)) == at
        if not told.more:
            break
    assert (4, list(done.email_ids)) == (pages, found)
    assert (await world.store.emails.states(world.a)).email == at.modseq
    with pytest.raises(StateTooOld):
        await world.store.emails.changes(world.a, Kind.EMAIL, Position(start.epoch + 1, start.email), 3)
    with pytest.raises(StateTooOld):
        await world.store.emails.changes(world.a, Kind.EMAIL, Position(start.epoch, at.modseq + 9), 3)


async def test_a_set_works_across_mailboxes_at_one_modseq(world: World) -> None:
    inbox, one, two = await world.inbox(), (await world.box("One")).mailbox_id, (await world.box("Two")).mailbox_id
    filed = await world.deliver()
    emails = world.store.emails
    done = await emails.set(world.a, world.op(), update=[
        EmailPatch(filed.email_id, add_keywords=frozenset({"\\Flagged", "work"}), add_mailboxes=frozenset({one, two}),
                   remove_mailboxes=frozenset({inbox}))])
    assert (Fault.NONE,) == done.updated
    _, found = await emails.emails(world.a, [filed.email_id], content=False)
    assert tuple(sorted((one, two))) == found[filed.email_id].mailbox_ids
    assert [] == await world.uids(inbox)
    assert {"\\Flagged", "work"} == await world.flags(one, 1) == await world.flags(two, 1)
    assert (await world.entry(one, 1)).modseq == (await world.entry(two, 1)).modseq == done.new.modseq
    assert UidSet.of([1]) == await world.mail.vanished(world.a, inbox, 0)
    done = await emails.set(world.a, world.op(), update=[EmailPatch(filed.email_id, keywords=frozenset({"\\Seen"}))])
    assert {"\\Seen"} == await world.flags(one, 1) == await world.flags(two, 1)
    assert 2 == (await world.mail.quota(world.a)).used_messages
    done = await emails.set(world.a, world.op(), destroy=[filed.email_id, EmailId(77)])
    assert (Fault.NONE, Fault.NOT_FOUND) == done.destroyed
    assert 0 == (await world.mail.quota(world.a)).used_messages


async def test_what_cannot_be_done_is_left_alone(world: World) -> None:
    inbox = await world.inbox()
    filed = await world.deliver()
    other = await world.deliver()
    done = await world.store.emails.set(world.a, world.op(), update=[
        EmailPatch(EmailId(5), add_keywords=frozenset({"x"})),
        EmailPatch(filed.email_id, mailbox_ids=frozenset()),
        EmailPatch(other.email_id, add_mailboxes=frozenset({MailboxId(99)})),
    ])
    assert (Fault.NOT_FOUND, Fault.IN_NO_MAILBOX, Fault.NO_MAILBOX) == done.updated
    assert done.old == done.new
    done = await world.store.emails.set(world.a, world.op(), update=[
        EmailPatch(filed.email_id, add_keywords=frozenset(f"k{n}" for n in range(limits.KEYWORDS + 1))),
        EmailPatch(other.email_id, add_keywords=frozenset({"fits"})),
    ])
    assert (Fault.TOO_MANY_KEYWORDS, Fault.NONE) == done.updated
    assert {"fits"} == await world.flags(inbox, 2)


async def test_emails_are_made_in_several_mailboxes(world: World) -> None:
    inbox, one = await world.inbox(), (await world.box("One")).mailbox_id
    done = await world.store.emails.set(world.a, world.op(), create=[
        NewEmail(message("made"), (inbox, one), frozenset({"\\Seen", "mine"}), 1_000_000),
        NewEmail(message("not"), (MailboxId(3),)), NewEmail(message("nowhere"), ()),
    ])
    assert [Fault.NONE, Fault.NO_MAILBOX, Fault.IN_NO_MAILBOX] == [made.fault for made in done.made]
    _, found = await world.store.emails.emails(world.a, [done.made[0].email_id], content=False)
    row = found[done.made[0].email_id]
    assert (tuple(sorted((inbox, one))), 1_000_000, done.made[0].size_octets) == (row.mailbox_ids, row.received_at_ms, row.size_octets)
    assert {"\\Seen", "mine"} == await world.flags(one, 1)
    told = await world.store.emails.changes(world.a, Kind.EMAIL, done.old, 0)
    assert ((done.made[0].email_id,), ()) == (told.created, told.updated)


async def test_over_quota_is_the_fault_of_one(world: World) -> None:
    inbox = await world.inbox()
    await world.directory.account_set(world.a, max_octets=1_000)
    done = await world.store.emails.set(world.a, world.op(), create=[
        NewEmail(message("big", body="x" * 2_000), (inbox,)), NewEmail(message("small"), (inbox,))])
    assert [Fault.OVER_QUOTA, Fault.NONE] == [made.fault for made in done.made]
    await world.directory.account_set(world.a, max_octets=0)


async def test_if_state_is_judged_with_the_write(world: World) -> None:
    filed = await world.deliver()
    now = await world.store.emails.states(world.a)
    state = str(Position(now.epoch, now.email))
    await world.store.emails.set(world.a, world.op(), if_state=state, update=[EmailPatch(filed.email_id, add_keywords=frozenset({"a"}))])
    with pytest.raises(StateMismatch):
        await world.store.emails.set(world.a, world.op(), if_state=state, update=[EmailPatch(filed.email_id, add_keywords=frozenset({"b"}))])
    assert {"a"} == await flags(world, filed.email_id)
    with pytest.raises(StateMismatch):
        await world.store.emails.mailbox_set(world.a, world.op(), None, MailboxPatch(name="X"), if_state="1-1")


async def test_who_was_refused_holds_no_moment_of_the_past(world: World) -> None:
    emails = world.store.emails
    await world.deliver()
    now = await emails.states(world.a)
    refused = []
    for since in (Position(now.epoch + 1, 1), Position(now.epoch, now.modseq + 1)):
        try:
            await emails.changes(world.a, Kind.EMAIL, since, 0)
        except StateTooOld as exc:
            refused.append(exc)
    filed = await world.deliver()
    told = await emails.changes(world.a, Kind.EMAIL, Position(now.epoch, now.email), 0)
    assert ((filed.email_id,), 2) == (told.created, len(refused))


async def test_mailboxes_are_set_by_id(world: World) -> None:
    emails = world.store.emails

    async def put(ident: MailboxId | None = None, **values: object) -> tuple[Fault, MailboxId]:
        done = await emails.mailbox_set(world.a, world.op(), ident, MailboxPatch(**values))  # type: ignore[arg-type]
        return done.fault, done.mailbox_id

    fault, top = await put(name="Top", sort_order=7, is_subscribed=True)
    assert Fault.NONE is fault
    _, below = await put(name="Below", parent_id=top)
    info = await world.mail.mailbox_by_id(world.a, top)
    assert info is not None
    assert (("Top",), 7, True) == (info.path, info.sort_order, info.subscribed)
    assert Fault.ALREADY_EXISTS is (await put(name="Top"))[0]
    assert Fault.LOOP is (await put(top, parent_id=below))[0]
    assert Fault.NO_PARENT is (await put(name="x", parent_id=MailboxId(9)))[0]
    assert Fault.BAD_NAME is (await put(name=""))[0]
    assert Fault.ALREADY_EXISTS is (await put(name="Junk2", role=Role.JUNK))[0]
    assert Fault.FIXED is (await put(await world.inbox(), name="Mine"))[0]
    assert Fault.NOT_FOUND is (await put(MailboxId(9), name="Mine"))[0]
    assert Fault.NONE is (await put(below, name="Moved", parent_id=MailboxId(0), role=Role.IMPORTANT))[0]
    moved = await world.mail.mailbox(world.a, ("Moved",))
    assert moved is not None
    assert (below, Role.IMPORTANT) == (moved.mailbox_id, moved.role)
    assert Fault.NONE is (await put(top, name="Renamed"))[0]
    assert ("Renamed",) in await world.mail.subscriptions(world.a)


async def test_a_mailbox_is_destroyed_with_or_without_its_emails(world: World) -> None:
    emails, inbox = world.store.emails, await world.inbox()
    box, child = (await world.box("Box")).mailbox_id, (await world.box("Box", "Child")).mailbox_id
    filed = await world.deliver()
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([1]), box)
    own = await world.append(box)

    async def destroy(ident: MailboxId, *, with_emails: bool) -> Fault:
        return (await emails.mailbox_destroy(world.a, world.op(), ident, with_emails=with_emails)).fault

    assert Fault.HAS_CHILD is await destroy(box, with_emails=True)
    assert Fault.NONE is await destroy(child, with_emails=False)
    assert Fault.HAS_EMAIL is await destroy(box, with_emails=False)
    before = await emails.states(world.a)
    assert Fault.NONE is await destroy(box, with_emails=True)
    told = await emails.changes(world.a, Kind.EMAIL, Position(before.epoch, before.email), 0)
    assert ((filed.email_id,), own.email_ids) == (told.updated, told.destroyed)
    assert Fault.FIXED is await destroy(inbox, with_emails=True)
    assert Fault.NOT_FOUND is await destroy(box, with_emails=True)


async def test_queries_sort_page_and_count(world: World) -> None:
    inbox = await world.inbox()
    made = []
    for number, (sender, subject) in enumerate([("zoe@x.org", "Beta"), ("amy@x.org", "Re: Alpha"), ("mia@x.org", "Gamma")]):
        done = await world.store.emails.set(world.a, world.op(), create=[NewEmail(
            message(subject, sender=sender, body="x" * (300 - number * 100), date=f"Tue, 24 Nov 2026 1{number}:00:00 -0{number}00"),
            (inbox,), frozenset({"\\Flagged"} if number == 1 else ()), (number + 1) * 1_000_000)])
        made.append(done.made[0].email_id)

    async def ask(*sort: Comparator, condition: c.Condition = c.EVERYTHING, **window: object) -> list[int]:
        answer = await world.store.emails.query(world.a, Query(condition, sort), Window(total=True, **window))  # type: ignore[arg-type]
        assert 3 == answer.total
        return [made.index(EmailId(email)) for email in answer.ids]

    for condition in (c.EVERYTHING, c.InMailbox(inbox)):
        assert [2, 1, 0] == await ask(Comparator(SortBy.RECEIVED, ascending=False), condition=condition)
        assert [0, 1, 2] == await ask(Comparator(SortBy.RECEIVED), condition=condition)
        assert [1] == await ask(Comparator(SortBy.RECEIVED), condition=condition, position=1, limit=1)
        assert [2] == await ask(Comparator(SortBy.RECEIVED), condition=condition, position=-1)
        assert [] == await ask(Comparator(SortBy.RECEIVED), condition=condition, position=100)
        assert [1, 2] == await ask(Comparator(SortBy.RECEIVED), condition=condition, anchor=made[1])
        assert [0, 1] == await ask(Comparator(SortBy.RECEIVED), condition=condition, anchor=made[1], anchor_offset=-1, limit=2)
    assert [1, 2, 0] == await ask(Comparator(SortBy.FROM))
    assert [0, 2, 1] == await ask(Comparator(SortBy.FROM, ascending=False))
    assert [1, 0, 2] == await ask(Comparator(SortBy.SUBJECT))
    assert [2, 1, 0] == await ask(Comparator(SortBy.SIZE))
    assert [0, 1, 2] == await ask(Comparator(SortBy.SENT))
    assert [1, 2, 0] == await ask(Comparator(SortBy.KEYWORD, ascending=False, keyword="\\Flagged"))
    assert [2, 0, 1] == await ask(Comparator(SortBy.SOME_IN_THREAD, keyword="\\Flagged"), Comparator(SortBy.RECEIVED, ascending=False))
    with pytest.raises(AnchorNotFound):
        await ask(Comparator(SortBy.RECEIVED), anchor=EmailId(4))


async def test_filters(world: World) -> None:
    inbox, other = await world.inbox(), (await world.box("Other")).mailbox_id
    first = await world.deliver(with_id("1@x"))
    answer = await world.deliver(with_id("2@x", "Re: talk", "In-Reply-To: <1@x>\r\nX-List: value here"))
    lone = (await world.append(other, "\\Seen", octets=message("Naïve – “quoted” words", body="Deep xylophones play."))).email_ids[0]
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([2]), add=frozenset({"\\Answered"}))

    async def ids(condition: c.Condition) -> set[int]:
        return set((await world.store.emails.query(world.a, Query(condition), Window())).ids)

    assert {first.email_id, answer.email_id} == await ids(c.InMailbox(inbox))
    assert {lone} == await ids(c.InOtherThan(frozenset({inbox})))
    assert {lone} == await ids(c.HasFlag("\\Seen"))
    assert {first.email_id, answer.email_id} == await ids(c.ThreadHas("\\Answered")) == await ids(c.Not(c.HasFlag("\\Seen")))
    assert {lone} == await ids(c.ThreadHas("\\Seen", every=True))
    both = {first.email_id, answer.email_id}
    assert both == await ids(c.ThreadMeets(c.Header("X-List"))) == await ids(c.ThreadMeets(c.And((c.InMailbox(inbox), c.HasFlag("\\Answered")))))
    assert {lone} == await ids(c.Not(c.ThreadMeets(c.InMailbox(inbox))))
    assert set() == await ids(c.ThreadMeets(c.And((c.InMailbox(other), c.HasFlag("\\Answered")))))
    assert {answer.email_id} == await ids(c.Header("X-List")) == await ids(c.Header("x-list", "VALUE h"))
    assert {lone} == await ids(c.Contains(c.Field.BODY, "xylo deep", words=True)) == await ids(c.Contains(c.Field.TEXT, "naïve", words=True))
    assert {lone} == await ids(c.Contains(c.Field.SUBJECT, "quoted", words=True)) == await ids(c.Contains(c.Field.SUBJECT, "“quoted” w"))
    assert set() == await ids(c.Contains(c.Field.BODY, "phones", words=True))
    assert {lone} == await ids(c.Contains(c.Field.BODY, "phones play"))
    newer = await world.deliver(message("xylem"))
    assert {lone, newer.email_id} == await ids(c.Contains(c.Field.TEXT, "xyl", words=True))
    assert set() == await ids(c.NOTHING) == await ids(c.HasAttachment())
    collapsed = await world.store.emails.query(world.a, Query(c.InMailbox(inbox), collapse=True), Window(total=True))
    assert ((newer.email_id, answer.email_id), 2) == (collapsed.ids, collapsed.total)


async def test_query_changes_say_too_many(world: World) -> None:
    inbox = await world.inbox()
    now = await world.store.emails.query(world.a, Query(), Window())
    await world.append(inbox, count=5)
    with pytest.raises(TooManyChanges):
        await world.store.emails.query_changes(world.a, Query(), now.state, 3, total=False)
    told = await world.store.emails.query_changes(world.a, Query(), now.state, 0, total=True)
    assert (5, [0, 1, 2, 3, 4]) == (told.total, [place for place, _ in told.added])
    assert () == (await world.store.emails.query_changes(world.a, Query(), told.new, 3, total=False)).added
