"""Email/set in the store: emails made, changed and destroyed, all in one transaction (RFC 8621 §4.6; DECISIONS 1).

First everything is judged: what cannot be done gets a fault and is left alone, so that nothing is changed before it is known
that it can be. Then the clock ticks once, and what was judged possible is done, mailbox by mailbox. IMAP sees the same: a UID
in each mailbox an email enters, an expunge where it leaves, flags set on every visible entry.
"""

import json
from collections.abc import Collection, Iterable
from typing import ClassVar, Final

import msgspec

from mailstead.model import flags as model
from mailstead.model import limits
from mailstead.model.email import EmailPatch, EmailsSet, Fault, Made, Position, Snooze
from mailstead.model.ids import EmailId, ThreadId
from mailstead.model.object import DueKind
from mailstead.model.sharing import Right
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock, due, emails, filing, keywords, notes, removal, sight, tally
from mailstead.store.mail.filing import Incoming
from mailstead.store.mail.operation import OfAccount
from mailstead.store.mail.sight import Sight
from mailstead.store.seal import AccountKey

_SEEN: Final = "\\Seen"
_EMAILS: Final = (
    "SELECT m.email_id, m.thread_id, m.size, m.received_ms FROM json_each(?2) j"
    " CROSS JOIN email m ON m.account_id=?1 AND m.email_id=j.value"
)


encode_snooze: Final = msgspec.msgpack.Encoder().encode
decode_snooze: Final = msgspec.msgpack.Decoder(Snooze).decode


class Creation(msgspec.Struct):
    """An email made ready, for these mailboxes; ``flags`` by name."""

    incoming: Incoming
    mailboxes: tuple[int, ...]
    flags: tuple[str, ...]


class _Entry(msgspec.Struct):
    mailbox: int
    uid: int
    flags: int
    more: tuple[str, ...]
    was: int
    """The flags before."""


class _Email(msgspec.Struct):
    """An email with its visible entries."""

    email: int
    thread: int
    size: int
    received_ms: int
    entries: list[_Entry]


class _Plan(msgspec.Struct):
    """A patch that can be done: its email, keywords to add and to remove (``all_of``: remove every other), where it goes and
    what it leaves."""

    found: _Email
    add: frozenset[str]
    remove: frozenset[str]
    all_of: bool
    into: list[int]
    out_of: list[_Entry]
    snooze: Snooze | None = None


class SetEmails(OfAccount):
    """``if_state``: the position as text at which the account's emails must stand; "": any. Gives None when they do not. ``viewer``: who does so in mailboxes of
    somebody else (``sight``); 0: the owner."""

    if_state: str
    create: tuple[Creation, ...]
    update: tuple[EmailPatch, ...]
    destroy: tuple[int, ...]
    viewer: int = 0
    returns: ClassVar = EmailsSet | None

    def octets(self) -> int:
        return sum(one.incoming.octets() for one in self.create)

    def apply(self, tx: Tx, keys: Keys) -> EmailsSet | None:
        seen = sight.of(tx.db, self.account, self.viewer) if self.viewer else None
        before = emails.states(tx.db, self.account) if seen is None else seen.states
        old = Position(before.epoch, before.email)
        if self.if_state and self.if_state != str(old):
            return None
        work = _Work(tx, self.account, keys.of(self.account), seen)
        work.find([patch.email_id for patch in self.update] + list(self.destroy))
        made = [work.judge_creation(one) for one in self.create]
        taken = [work.take(email) for email in self.destroy]
        gone = [one if isinstance(one, _Email) else None for one in taken]
        plans = [work.judge_patch(patch) for patch in self.update]
        kept = [one for one, fault in zip(self.create, made, strict=True) if fault is Fault.NONE]
        planned = [plan for plan in plans if isinstance(plan, _Plan)]
        if not kept and not planned and not any(gone):
            return EmailsSet(
                old, old, tuple(Made(fault, EmailId(0), ThreadId(0), 0) for fault in made),
                tuple(plan for plan in plans if isinstance(plan, Fault)), tuple(one for one in taken if isinstance(one, Fault)),
            )
        leaving = [(found, found.entries) for found in gone if found is not None]
        modseq = clock.tick(
            tx, self.account,
            octets=work.octets - sum(found.size * len(entries) for found, entries in leaving),
            messages=work.messages - sum(len(entries) for _, entries in leaving),
        )
        work.begin(modseq, kept, planned)
        done = iter([work.create(one) for one in kept])
        work.change(planned)
        work.leave([(plan.found, plan.out_of) for plan in planned] + leaving)
        work.tally.settle(modseq)
        notes.forget(tx, keys, self.account, work.tally.ended())
        after = emails.states(tx.db, self.account) if seen is None else sight.of(tx.db, self.account, self.viewer).states
        return EmailsSet(
            old, Position(after.epoch, after.email),
            tuple(next(done) if fault is Fault.NONE else Made(fault, EmailId(0), ThreadId(0), 0) for fault in made),
            tuple(Fault.NONE if isinstance(plan, _Plan) else plan for plan in plans),
            tuple(one if isinstance(one, Fault) else Fault.NONE for one in taken),
        )


class _Work:
    """The judging and the doing of one set."""

    def __init__(self, tx: Tx, account: int, key: AccountKey, seen: Sight | None) -> None:
        self._tx = tx
        self._account = account
        self._key = key
        self._seen = seen
        self.tally = tally.Tally(tx, account)
        self.found: dict[int, _Email] = {}
        self._taken: set[int] = set()
        self.octets = 0
        self.messages = 0
        """What it adds to the quota."""
        self._modseq = 0
        self._boxes = {
            row[0] for row in tx.db.all("SELECT mailbox_id FROM mailbox WHERE account_id=? AND noselect=0", (account,))}
        if seen is not None:
            self._boxes.intersection_update(seen.rights)
        row = tx.db.one("SELECT used_octets, used_messages, max_octets, max_messages FROM account WHERE account_id=?", (account,))
        self._room = row or (0, 0, 0, 0)
        self._words: dict[str, tuple[int, str]] | None = None
        self._known: set[str] | None = None
        self._spelled: dict[int, str] | None = None

    # ------------------------------------------------------------------------------------------------------- judging
    def find(self, wanted: list[int]) -> None:
        """Read the emails that are to be changed, and the threads they are in."""
        if not wanted:
            return
        known: dict[int, _Email] = {}
        for email, thread, size, received in self._tx.db.each(_EMAILS, (self._account, json.dumps(wanted))):
            known[email] = _Email(email, thread, size, received, [])
        for _, mailbox, uid, email, flags, more in self.tally.look({found.thread for found in known.values()}):
            found = known.get(email)
            if found is not None and not flags & model.DELETED and (self._seen is None or mailbox in self._seen.read):
                found.entries.append(_Entry(mailbox, uid, flags, keywords.unpack_more(more) if more else (), flags))
        self.found = {email: found for email, found in known.items() if found.entries}

    def take(self, email: int) -> _Email | Fault:
        """An email that is to be destroyed. Each is changed once in a set: what comes second is not there."""
        found = self.found.get(email)
        if found is None or email in self._taken:
            return Fault.NOT_FOUND
        if not self._may(Right.REMOVE, (entry.mailbox for entry in found.entries)):
            return Fault.FORBIDDEN
        self._taken.add(email)
        return found

    def _may(self, right: Right, boxes: Iterable[int]) -> bool:
        """Whether who does this has a right in all of these mailboxes. RFC 8621 §2 (myRights)."""
        if self._seen is None:
            return True
        rights = self._seen.rights
        return all(rights.get(box, 0) & right for box in boxes)

    def _may_name_in(self, names: Iterable[str], boxes: Collection[int]) -> bool:
        """Whether who does this may set or take these keywords in all of these mailboxes."""
        if self._seen is None:
            return True
        seen = {model.canonical(name) == _SEEN for name in names}
        return (True not in seen or self._may(Right.SEEN, boxes)) and (False not in seen or self._may(Right.KEYWORDS, boxes))

    def _may_change(self, found: _Email, patch: EmailPatch, into: Collection[int], out_of: Collection[int]) -> bool:
        """Whether a grantee may do what a patch says: what is so already is no change of it."""
        if self._seen is None:
            return True
        if patch.snooze is not None or not self._may(Right.ADD, into) or not self._may(Right.REMOVE, out_of):
            return False
        has, lacks = self._keywords_of(found)
        if patch.keywords is not None:
            wanted = {name.lower() for name in patch.keywords}
            changed = {name for name in has | lacks if name not in wanted} | {name for name in wanted if name not in has}
        else:
            changed = {name.lower() for name in patch.add_keywords if name.lower() not in has}
            changed |= {name.lower() for name in patch.remove_keywords if name.lower() in has | lacks}
        return self._may_name_in(changed, {entry.mailbox for entry in found.entries} | set(into))

    def _keywords_of(self, found: _Email) -> tuple[set[str], set[str]]:
        """Keywords, in lower case, that every entry of an email has, and those that only some have."""
        if self._spelled is None:
            self._spelled = {1 << bit: name.lower() for bit, name in keywords.of_account(self._tx.db, self._account, self._key).items()}
            self._spelled |= {bit: name.lower() for name, bit in model.SYSTEM_BITS.items()}
        of_entries = [
            {name for bit, name in self._spelled.items() if entry.flags & bit} | {name.lower() for name in entry.more} for entry in found.entries]
        every = set.intersection(*of_entries)
        return every, set.union(*of_entries) - every

    def judge_creation(self, one: Creation) -> Fault:
        if not one.mailboxes:
            return Fault.IN_NO_MAILBOX
        if not set(one.mailboxes) <= self._boxes:
            return Fault.NO_MAILBOX
        if not self._may(Right.ADD, one.mailboxes) or not self._may_name_in(one.flags, one.mailboxes):
            return Fault.FORBIDDEN
        if not self._may_name(one.flags):
            return Fault.TOO_MANY_KEYWORDS
        return self._take(one.incoming.info.size, len(set(one.mailboxes)))

    def judge_patch(self, patch: EmailPatch) -> "_Plan | Fault":
        found = self.found.get(patch.email_id)
        if found is None or found.email in self._taken:
            return Fault.NOT_FOUND
        if patch.unless and any(name.lower() in has for name in patch.unless for has in self._keywords_of(found)):
            return Fault.MARKED
        add = patch.keywords if patch.keywords is not None else patch.add_keywords
        named = add | patch.snooze.add_keywords if patch.snooze else add
        if patch.mailbox_ids is None and not patch.add_mailboxes and not patch.remove_mailboxes:
            if not self._may_change(found, patch, (), ()):
                return Fault.FORBIDDEN
            if not self._may_name(named):
                return Fault.TOO_MANY_KEYWORDS
            self._taken.add(found.email)
            return _Plan(found, add, patch.remove_keywords, patch.keywords is not None, [], [], patch.snooze)
        now = {entry.mailbox for entry in found.entries}
        wanted = set(patch.mailbox_ids) if patch.mailbox_ids is not None else (now | patch.add_mailboxes) - patch.remove_mailboxes
        if not wanted:
            return Fault.IN_NO_MAILBOX
        if not wanted - now <= self._boxes or not patch.remove_mailboxes <= self._boxes | now:
            return Fault.NO_MAILBOX
        if not self._may_change(found, patch, wanted - now, now - wanted):
            return Fault.FORBIDDEN
        if not self._may_name(named):
            return Fault.TOO_MANY_KEYWORDS
        out_of = [entry for entry in found.entries if entry.mailbox not in wanted]
        into = sorted(wanted - now)
        fault = self._take(found.size, len(into) - len(out_of))
        if fault is not Fault.NONE:
            return fault
        self._taken.add(found.email)
        return _Plan(found, add, patch.remove_keywords, patch.keywords is not None, into, out_of, patch.snooze)

    def _take(self, size: int, entries: int) -> Fault:
        used, count, most, most_count = self._room
        octets, messages = self.octets + size * entries, self.messages + entries
        if entries > 0 and ((most and used + octets > most) or (most_count and count + messages > most_count)):
            return Fault.OVER_QUOTA
        self.octets, self.messages = octets, messages
        return Fault.NONE

    def _may_name(self, names: Collection[str]) -> bool:
        """Whether the account may have these keywords; those that are new are counted."""
        if not names:
            return True
        new = {name.lower() for name in names if model.canonical(name) not in model.SYSTEM_BITS}
        if not new:
            return True
        if self._known is None:
            self._known = {name.lower() for name in keywords.of_account(self._tx.db, self._account, self._key).values()}
        if len(self._known | new) > limits.KEYWORDS:
            return False
        self._known |= new
        return True

    # ------------------------------------------------------------------------------------------------------- doing
    def begin(self, modseq: int, creations: list[Creation], plans: list[_Plan]) -> None:
        """The clock has ticked. Every keyword gets its bit."""
        self._modseq = modseq
        names = {name for one in creations for name in one.flags} | {name for plan in plans for name in plan.add | plan.remove}
        self._words = {}
        unknown = []
        for name in names:
            bit = model.SYSTEM_BITS.get(model.canonical(name))
            if bit is not None:
                self._words[name.lower()] = (bit, "")
            else:
                unknown.append(name)
        if not unknown:
            return
        added = {name for one in creations for name in one.flags} | {name for plan in plans for name in plan.add}
        keywords.bits(self._tx, self._account, self._key, [name for name in unknown if name in added])
        for number, spelled in keywords.of_account(self._tx.db, self._account, self._key).items():
            self._words[spelled.lower()] = (1 << number, "") if number <= model.LAST_ACCOUNT_BIT else (0, spelled)

    def _bits(self, names: Iterable[str]) -> tuple[int, frozenset[str]]:
        if not names:
            return 0, frozenset()
        value, more = 0, set()
        for name in names:
            bit, beyond = (self._words or {}).get(name.lower(), (0, ""))
            value |= bit
            if beyond:
                more.add(beyond)
        return value, frozenset(more)

    def create(self, one: Creation) -> Made:
        info = one.incoming.info
        flags, more = self._bits(one.flags)
        flags &= ~model.DELETED
        packed = keywords.pack_more(tuple(sorted(more)))
        boxes = tuple(dict.fromkeys(one.mailboxes))
        thread = filing.store(self._tx, self.tally, one.incoming, mailbox=boxes[0], flags=flags, entries=len(boxes))
        for mailbox in boxes:
            self._enter(mailbox, [(info.email, thread, flags, info.received_ms, info.size, packed)], fresh=True)
        return Made(Fault.NONE, EmailId(info.email), ThreadId(thread), info.size)

    def _enter(self, mailbox: int, rows: list[tuple[int, int, int, int, int, bytes | None]], *, fresh: bool) -> None:
        """``rows``: email, thread, flags, received_ms, size, more."""
        place = filing.room(
            self._tx, self._account, mailbox, self._modseq, count=len(rows), octets=sum(row[4] for row in rows),
            unseen=sum(filing.unseen(row[2]) for row in rows), deleted=0,
        )
        if place is None:
            raise RuntimeError(f"mailbox {mailbox:x} of account {self._account:x} went away within a transaction")
        filing.enter(
            self._tx, self.tally, self._account, mailbox, self._modseq,
            [(place.uid + n, *row) for n, row in enumerate(rows)], fresh=fresh,
        )

    def change(self, plans: list[_Plan]) -> None:
        """Set flags on what stays, and enter what is new."""
        account, modseq = self._account, self._modseq
        updates: list[tuple[object, ...]] = []
        unseen: dict[int, int] = {}
        into: dict[int, list[tuple[int, int, int, int, int, bytes | None]]] = {}
        for plan in plans:
            found = plan.found
            add, more_add = self._bits(plan.add)
            drop, more_drop = (~0, None) if plan.all_of else self._bits(plan.remove)
            leaving = {(entry.mailbox, entry.uid) for entry in plan.out_of} if plan.out_of else ()
            if plan.snooze is not None:
                self._snooze(found, plan.snooze)
            for entry in found.entries:
                flags = ((entry.flags & ~drop) | add) & ~model.DELETED
                more = entry.more
                if more or more_add:
                    kept = frozenset() if more_drop is None else frozenset(more) - more_drop
                    more = tuple(sorted(kept | more_add))
                if (entry.mailbox, entry.uid) not in leaving and (
                    flags != entry.flags or more != entry.more or plan.snooze is not None
                ):
                    updates.append((modseq, flags, keywords.pack_more(more), account, entry.mailbox, entry.uid))
                    unseen[entry.mailbox] = unseen.get(entry.mailbox, 0) + filing.unseen(flags) - filing.unseen(entry.flags)
                    self.tally.flagged(found.thread, entry.mailbox, entry.uid, found.email, flags)
                entry.flags, entry.more = flags, more
            if plan.into:
                merge = emails.Merge(found.thread, found.received_ms, found.size)
                for entry in found.entries:
                    merge.add(entry.mailbox, entry.flags, keywords.pack_more(entry.more))
                more = tuple(sorted(merge.more or ()))
                row = (found.email, found.thread, merge.flags, found.received_ms, found.size, keywords.pack_more(more))
                for mailbox in plan.into:
                    into.setdefault(mailbox, []).append(row)
        self._tx.db.many(
            "UPDATE entry SET modseq=?, flags=?, more=? WHERE account_id=? AND mailbox_id=? AND uid=?", updates)
        for mailbox, count in unseen.items():
            self._tx.db.run(
                "UPDATE mailbox SET modseq=?, unseen=unseen+? WHERE account_id=? AND mailbox_id=?", (modseq, count, account, mailbox))
        for mailbox, rows in into.items():
            self._enter(mailbox, rows, fresh=False)

    def _snooze(self, found: _Email, snooze: Snooze) -> None:
        doc = encode_snooze(snooze) if snooze.until_ms else b""
        due.put(self._tx, self._key, self._account, DueKind.SNOOZE, found.email, snooze.until_ms, 0, doc)

    def leave(self, leaving: list[tuple[_Email, list[_Entry]]]) -> None:
        """Take entries away; an email goes with its last."""
        rows: dict[int, list[removal.Row]] = {}
        for found, entries in leaving:
            for entry in entries:
                rows.setdefault(entry.mailbox, []).append((entry.uid, found.email, found.thread, entry.was, found.size))
        for mailbox, gone in rows.items():
            removal.remove(self._tx, self.tally, self._account, mailbox, self._modseq, gone)
