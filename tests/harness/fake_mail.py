"""A store in memory that keeps the promises of ``store.interface.Mail``: for tests of what stands above it.

One change clock per account, UIDs never reused, changes in order. No durability, no quota unless ``max_octets`` is set.
"""


import unicodedata
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mailstead.mime import header, parts, text
from mailstead.mime.scan import Scan, scan
from mailstead.model import condition as c
from mailstead.model import flags as bits
from mailstead.model.change import Change, ChangeKind, ChangeOp, Changes, StateTooOld
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, EmailId, MailboxId, OpId, ThreadId
from mailstead.model.mailbox import DEFAULT_MAILBOXES, INBOX, Entry, EntryRow, MailboxInfo, Role
from mailstead.model.message import Appended, Copied, Filed, Filing, FlagsStored, NewMessage
from mailstead.model.object import ObjectKind
from mailstead.model.uids import UidSet
from mailstead.store.interface import Quota, Selected, Want

NOW_MS = 1_700_000_000_000
Path = tuple[str, ...]


@dataclass
class _Email:
    email_id: EmailId
    octets: bytes
    scan: Scan


@dataclass
class _Entry:
    email: _Email
    uid: int
    modseq: int
    flags: int
    received_at_ms: int
    saved_at_ms: int


@dataclass
class _Box:
    mailbox_id: MailboxId
    path: Path
    role: Role
    uid_validity: int
    uid_next: int = 1
    highest_modseq: int = 1
    recent_uid: int = 0
    noselect: bool = False
    entries: dict[int, _Entry] = field(default_factory=dict)
    gone: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class _Account:
    modseq: int = 1
    log: list[Change] = field(default_factory=list)
    log_from: int = 0
    boxes: dict[MailboxId, _Box] = field(default_factory=dict)
    subscribed: set[Path] = field(default_factory=set)
    keywords: dict[str, tuple[int, str]] = field(default_factory=dict)
    emails: dict[EmailId, _Email] = field(default_factory=dict)
    done: dict[OpId, object] = field(default_factory=dict)


class FakeMail:
    """See the module's docstring. ``calls`` counts what was asked, by method."""

    def __init__(self) -> None:
        self._accounts: dict[AccountId, _Account] = {}
        self._watchers: dict[AccountId, list[Callable[[AccountId, int], None]]] = {}
        self._next_id = 1000
        self._validity = 1
        self.calls: dict[str, int] = {}
        self.max_octets = 0
        self.kept_kinds: set[ObjectKind] = set()
        """Kinds of objects that every account keeps."""

    # ---------------------------------------------------------------------------------------------------- inside
    def _of(self, account: AccountId) -> _Account:
        found = self._accounts.get(account)
        if found is None:
            found = self._accounts[account] = _Account()
            for name, role in DEFAULT_MAILBOXES:
                self._make(found, (name,), role)
                found.subscribed.add((name,))
            found.log.clear()
        return found

    def _id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _make(self, account: _Account, path: Path, role: Role) -> _Box:
        self._validity += 1
        box = _Box(MailboxId(self._id()), path, role, self._validity)
        account.boxes[box.mailbox_id] = box
        self._log(account, box, 0, ChangeOp.CREATED)
        return box

    def _log(self, account: _Account, box: _Box, uid: int, op: ChangeOp) -> None:
        kind = ChangeKind.ENTRY if uid else ChangeKind.MAILBOX
        account.log.append(Change(account.modseq, kind, box.mailbox_id, uid, op))
        box.highest_modseq = account.modseq

    def _told(self, account: AccountId) -> None:
        for news in list(self._watchers.get(account, ())):
            news(account, self._of(account).modseq)

    def _box(self, account: AccountId, mailbox_id: MailboxId) -> _Box:
        box = self._of(account).boxes.get(mailbox_id)
        if box is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        return box

    def _by_path(self, account: AccountId, path: Path) -> _Box | None:
        path = _norm(path)
        return next((box for box in self._of(account).boxes.values() if box.path == path), None)

    def _info(self, account: AccountId, box: _Box) -> MailboxInfo:
        owner = self._of(account)
        parent = self._by_path(account, box.path[:-1]) if len(box.path) > 1 else None
        live = box.entries.values()
        return MailboxInfo(
            box.mailbox_id, parent.mailbox_id if parent else None, box.path, box.role, box.uid_validity, box.uid_next,
            box.highest_modseq, len(live), sum(not e.flags & bits.SEEN for e in live), sum(bool(e.flags & bits.DELETED) for e in live),
            sum(len(e.email.octets) for e in live), box.recent_uid, box.path in owner.subscribed, box.noselect,
            any(len(o.path) > len(box.path) and o.path[: len(box.path)] == box.path for o in owner.boxes.values()),
        )

    def _bits(self, account: _Account, names: frozenset[str]) -> int:
        found = 0
        for name in names:
            name = bits.canonical(name)
            if name in bits.SYSTEM_BITS:
                found |= bits.SYSTEM_BITS[name]
                continue
            if name.lower() not in account.keywords:
                if len(account.keywords) >= bits.LAST_ACCOUNT_BIT - bits.FIRST_ACCOUNT_BIT + 1:
                    raise Refusal(Reason.LIMIT, "Too many keywords")
                account.keywords[name.lower()] = (1 << (bits.FIRST_ACCOUNT_BIT + len(account.keywords)), name)
            found |= account.keywords[name.lower()][0]
        return found

    def forget_log(self, account: AccountId) -> None:
        """The log reaches back no further than now."""
        owner = self._of(account)
        owner.log.clear()
        owner.log_from = owner.modseq
        for box in owner.boxes.values():
            box.gone.clear()

    def watch(self, account: AccountId, news: Callable[[AccountId, int], None]) -> Callable[[], None]:
        self._watchers.setdefault(account, []).append(news)
        return lambda: self._watchers[account].remove(news)

    def watchers(self, account: AccountId) -> int:
        return len(self._watchers.get(account, ()))

    def _called(self, name: str) -> None:
        self.calls[name] = self.calls.get(name, 0) + 1

    # ---------------------------------------------------------------------------------------------------- mailboxes
    async def mailboxes(self, account: AccountId) -> list[MailboxInfo]:
        return [self._info(account, box) for box in sorted(self._of(account).boxes.values(), key=lambda box: (box.path[:1] != INBOX, box.path))]

    async def mailbox(self, account: AccountId, path: Path) -> MailboxInfo | None:
        box = self._by_path(account, path)
        return self._info(account, box) if box else None

    async def mailbox_by_id(self, account: AccountId, mailbox_id: MailboxId) -> MailboxInfo | None:
        box = self._of(account).boxes.get(mailbox_id)
        return self._info(account, box) if box else None

    async def mailbox_create(self, account: AccountId, op: OpId, path: Path, *, role: Role = Role.NONE) -> MailboxInfo:
        owner, path = self._of(account), _norm(path)
        found = self._by_path(account, path)
        if found is not None and not found.noselect:
            raise Refusal(Reason.ALREADY_EXISTS, "That mailbox exists")
        owner.modseq += 1
        for depth in range(1, len(path)):
            if self._by_path(account, path[:depth]) is None:
                self._make(owner, path[:depth], Role.NONE)
        if found is None:
            found = self._make(owner, path, role)
        else:
            found.noselect = False
            self._log(owner, found, 0, ChangeOp.UPDATED)
        self._told(account)
        return self._info(account, found)

    async def mailbox_rename(self, account: AccountId, op: OpId, old: Path, new: Path) -> None:
        owner, old, new = self._of(account), _norm(old), _norm(new)
        box = self._by_path(account, old)
        if box is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        if self._by_path(account, new) is not None:
            raise Refusal(Reason.ALREADY_EXISTS, "That mailbox exists")
        owner.modseq += 1
        for depth in range(1, len(new)):
            if self._by_path(account, new[:depth]) is None:
                self._make(owner, new[:depth], Role.NONE)
        if old == INBOX:
            target = self._make(owner, new, Role.NONE)
            for entry in list(box.entries.values()):
                self._move(owner, box, entry, target)
        else:
            for other in list(owner.boxes.values()):
                if other.path[: len(old)] == old:
                    other.path = new + other.path[len(old) :]
                    self._log(owner, other, 0, ChangeOp.UPDATED)
        self._told(account)

    async def mailbox_delete(self, account: AccountId, op: OpId, path: Path) -> None:
        owner = self._of(account)
        box = self._by_path(account, path)
        if box is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        if box.path == INBOX:
            raise Refusal(Reason.NOT_PERMITTED, "INBOX cannot be deleted")
        has_children = self._info(account, box).has_children
        if box.noselect and has_children:
            raise Refusal(Reason.HAS_CHILDREN, "The mailbox has children")
        owner.modseq += 1
        for entry in list(box.entries.values()):
            self._remove(owner, box, entry)
        if has_children:
            box.noselect = True
            self._log(owner, box, 0, ChangeOp.UPDATED)
        else:
            del owner.boxes[box.mailbox_id]
            self._log(owner, box, 0, ChangeOp.DESTROYED)
        self._told(account)

    async def mailbox_role(self, account: AccountId, op: OpId, mailbox_id: MailboxId, role: Role) -> None:
        self._box(account, mailbox_id).role = role

    async def subscriptions(self, account: AccountId) -> list[Path]:
        return sorted(self._of(account).subscribed)

    async def subscribe(self, account: AccountId, path: Path, subscribed: bool) -> None:
        found = self._of(account).subscribed
        (found.add if subscribed else found.discard)(_norm(path))

    # ---------------------------------------------------------------------------------------------------- reading
    async def select(self, account: AccountId, mailbox_id: MailboxId, *, take_recent: bool) -> Selected:
        box, owner = self._box(account, mailbox_id), self._of(account)
        info = self._info(account, box)
        if take_recent:
            box.recent_uid = box.uid_next - 1
        unseen = next((uid for uid, entry in sorted(box.entries.items()) if not entry.flags & bits.SEEN), 0)
        names = tuple(name for _, name in owner.keywords.values())
        return Selected(info, owner.modseq, array("Q", sorted(box.entries)), names, unseen)

    def _entries(self, account: AccountId, mailbox_id: MailboxId, uids: UidSet) -> list[_Entry]:
        box = self._box(account, mailbox_id)
        return [entry for uid, entry in sorted(box.entries.items()) if uid in uids]

    async def entries(
        self, account: AccountId, mailbox_id: MailboxId, uids: UidSet, *, changed_since: int = 0, limit: int = 0
    ) -> list[Entry]:
        self._called("entries")
        found = [_entry(entry) for entry in self._entries(account, mailbox_id, uids) if entry.modseq > changed_since]
        return found[:limit] if limit else found

    async def fetch(self, account: AccountId, mailbox_id: MailboxId, uids: UidSet, want: Want) -> list[EntryRow]:
        self._called("fetch")
        return [
            EntryRow(
                _entry(entry), ThreadId(entry.email.email_id), entry.received_at_ms, entry.saved_at_ms, len(entry.email.octets),
                entry.email.scan.envelope if want.envelope else b"", entry.email.scan.structure if want.structure else b"",
                entry.email.scan.parts if want.parts else b"", entry.email.scan.preview if want.preview else "",
            )
            for entry in self._entries(account, mailbox_id, uids)
        ]

    async def octets(self, account: AccountId, email_id: EmailId, start: int = 0, length: int | None = None) -> bytes:
        self._called("octets")
        email = self._of(account).emails.get(email_id)
        if email is None:
            raise Refusal(Reason.EXPUNGED, "The message is gone")
        return email.octets[start : None if length is None else start + length]

    async def vanished(self, account: AccountId, mailbox_id: MailboxId, since: int, uids: UidSet | None = None) -> UidSet:
        box, owner = self._box(account, mailbox_id), self._of(account)
        if since < owner.log_from:
            gone = UidSet.of(uid for uid in range(1, box.uid_next) if uid not in box.entries)
        else:
            gone = UidSet.of(uid for modseq, uid in box.gone if modseq > since)
        return gone if uids is None else gone.intersection(uids)

    async def changes(self, account: AccountId, since: int, limit: int = 1000) -> Changes:
        self._called("changes")
        owner = self._of(account)
        if since < owner.log_from:
            raise StateTooOld
        found = [change for change in owner.log if change.modseq > since]
        if len(found) > limit:
            end = found[limit - 1].modseq
            page = tuple(change for change in found if change.modseq <= end)
            return Changes(since, end, page, more=len(page) < len(found))
        return Changes(since, owner.modseq, tuple(found), more=False)

    async def modseq(self, account: AccountId) -> int:
        return self._of(account).modseq

    async def keywords(self, account: AccountId) -> dict[int, str]:
        found = {bit: name for name, bit in bits.SYSTEM_BITS.items()}
        found.update(dict(self._of(account).keywords.values()))
        return found

    async def search(self, account: AccountId, condition: c.Condition, *, mailbox_id: MailboxId) -> list[int]:
        self._called("search")
        box, owner = self._box(account, mailbox_id), self._of(account)
        return [uid for uid, entry in sorted(box.entries.items()) if self._matches(owner, box, entry, condition)]

    def _matches(self, owner: _Account, box: _Box, entry: _Entry, condition: c.Condition) -> bool:
        octets = entry.email.octets
        match condition:
            case c.And(conditions):
                return all(self._matches(owner, box, entry, part) for part in conditions)
            case c.Or(conditions):
                return any(self._matches(owner, box, entry, part) for part in conditions)
            case c.Not(part):
                return not self._matches(owner, box, entry, part)
            case c.InMailbox(mailbox_id):
                return box.mailbox_id == mailbox_id
            case c.InUids(uids):
                return entry.uid in uids
            case c.HasFlag(name):
                name = bits.canonical(name)
                bit = bits.SYSTEM_BITS.get(name) or owner.keywords.get(name.lower(), (0, ""))[0]
                return bool(entry.flags & bit)
            case c.Received(since, before):
                return _within(entry.received_at_ms, since, before)
            case c.Saved(since, before):
                return _within(entry.saved_at_ms, since, before)
            case c.Sent(since, before):
                sent = entry.email.scan.sent_at_ms
                return sent is not None and _within(sent, since, before)
            case c.Size(least, below):
                return _within(len(octets), least, below)
            case c.ModSeqAtLeast(modseq):
                return entry.modseq >= modseq
            case c.EmailIs(email_id):
                return entry.email.email_id == email_id
            case c.ThreadIs(thread_id):
                return int(entry.email.email_id) == int(thread_id)
            case c.HasAttachment():
                return entry.email.scan.has_attachment
            case c.Header(name, wanted):
                values = _values(entry.email, name)
                return any(_fold(wanted) in _fold(value) for value in values)
            case c.Contains(where, wanted, _):
                return any(_fold(wanted) in _fold(found) for found in _texts(entry.email, where))
        raise AssertionError(condition)

    async def quota(self, account: AccountId) -> Quota:
        boxes = self._of(account).boxes.values()
        sizes = [len(entry.email.octets) for box in boxes for entry in box.entries.values()]
        return Quota(sum(sizes), len(sizes), self.max_octets, 0)

    # ---------------------------------------------------------------------------------------------------- writing
    def _file(
        self, owner: _Account, box: _Box, email: _Email, flags: int, received_at_ms: int, saved_at_ms: int = NOW_MS
    ) -> int:
        uid = box.uid_next
        box.uid_next += 1
        owner.emails[email.email_id] = email
        box.entries[uid] = _Entry(email, uid, owner.modseq, flags, received_at_ms, saved_at_ms)
        self._log(owner, box, uid, ChangeOp.CREATED)
        return uid

    def _remove(self, owner: _Account, box: _Box, entry: _Entry) -> None:
        del box.entries[entry.uid]
        box.gone.append((owner.modseq, entry.uid))
        self._log(owner, box, entry.uid, ChangeOp.DESTROYED)
        if not any(e.email is entry.email for b in owner.boxes.values() for e in b.entries.values()):
            del owner.emails[entry.email.email_id]

    def _move(self, owner: _Account, box: _Box, entry: _Entry, target: _Box) -> int:
        uid = self._file(owner, target, entry.email, entry.flags, entry.received_at_ms)
        self._remove(owner, box, entry)
        return uid

    def _over(self, account: AccountId, more: int) -> None:
        used = sum(len(e.email.octets) for box in self._of(account).boxes.values() for e in box.entries.values())
        if self.max_octets and used + more > self.max_octets:
            raise Refusal(Reason.OVER_QUOTA, "The account is full")

    async def deliver_unless(self, account: AccountId, filing: Filing, kinds: Sequence[ObjectKind]) -> Filed | None:
        return None if self.kept_kinds & set(kinds) else await self.deliver(account, filing)

    async def deliver(self, account: AccountId, filing: Filing) -> Filed:
        owner = self._of(account)
        octets = filing.prefix + bytes(filing.octets)
        box = next((box for path in filing.mailboxes if (box := self._by_path(account, path))), None)
        if box is None:
            box = self._by_path(account, INBOX)
            assert box is not None
        self._over(account, len(octets))
        owner.modseq += 1
        email = _Email(EmailId(self._id()), octets, scan(octets))
        uid = self._file(owner, box, email, self._bits(owner, filing.flags), filing.received_at_ms or NOW_MS)
        self._told(account)
        return Filed(False, email.email_id, ThreadId(email.email_id), box.mailbox_id, uid, owner.modseq)

    async def append(self, account: AccountId, op: OpId, mailbox_id: MailboxId, messages: Sequence[NewMessage]) -> Appended:
        box, owner = self._box(account, mailbox_id), self._of(account)
        if op in owner.done:
            found = owner.done[op]
            assert isinstance(found, Appended)
            return found
        self._over(account, sum(len(new.octets) for new in messages))
        owner.modseq += 1
        uids, email_ids = [], []
        for new in messages:
            octets = bytes(new.octets)
            email = _Email(EmailId(self._id()), octets, scan(octets))
            received = NOW_MS if new.received_at_ms is None else new.received_at_ms
            uids.append(self._file(owner, box, email, self._bits(owner, new.flags), received))
            email_ids.append(email.email_id)
        result = owner.done[op] = Appended(box.uid_validity, tuple(uids), tuple(email_ids), owner.modseq)
        self._told(account)
        return result

    async def copy(self, account: AccountId, op: OpId, source: MailboxId, uids: UidSet, target: MailboxId) -> Copied:
        box, owner = self._box(account, target), self._of(account)
        found = self._entries(account, source, uids)
        self._over(account, sum(len(entry.email.octets) for entry in found))
        owner.modseq += bool(found)
        new = tuple(self._file(owner, box, entry.email, entry.flags, entry.received_at_ms) for entry in found)
        self._told(account)
        return Copied(box.uid_validity, tuple(entry.uid for entry in found), new, owner.modseq)

    async def move(self, account: AccountId, op: OpId, source: MailboxId, uids: UidSet, target: MailboxId) -> Copied:
        box, owner, old = self._box(account, target), self._of(account), self._box(account, source)
        found = self._entries(account, source, uids)
        owner.modseq += bool(found)
        new = tuple(self._move(owner, old, entry, box) for entry in found)
        self._told(account)
        return Copied(box.uid_validity, tuple(entry.uid for entry in found), new, owner.modseq)

    async def expunge(
        self, account: AccountId, op: OpId, mailbox_id: MailboxId, uids: UidSet | None, *, only_deleted: bool = True
    ) -> tuple[UidSet, int]:
        box, owner = self._box(account, mailbox_id), self._of(account)
        found = self._entries(account, mailbox_id, UidSet.all() if uids is None else uids)
        found = [entry for entry in found if not only_deleted or entry.flags & bits.DELETED]
        owner.modseq += bool(found)
        for entry in found:
            self._remove(owner, box, entry)
        self._told(account)
        return UidSet.of(entry.uid for entry in found), owner.modseq

    async def set_flags(
        self, account: AccountId, op: OpId, mailbox_id: MailboxId, uids: UidSet, *, add: frozenset[str] = frozenset(),
        remove: frozenset[str] = frozenset(), replace: frozenset[str] | None = None, unchanged_since: int | None = None,
    ) -> FlagsStored:
        box, owner = self._box(account, mailbox_id), self._of(account)
        added, removed = self._bits(owner, add), self._bits(owner, remove)
        replaced = None if replace is None else self._bits(owner, replace)
        changed: dict[int, tuple[int, int]] = {}
        refused: list[int] = []
        modseq = owner.modseq + 1
        for entry in self._entries(account, mailbox_id, uids):
            if unchanged_since is not None and entry.modseq > unchanged_since:
                refused.append(entry.uid)
                continue
            new = replaced if replaced is not None else (entry.flags | added) & ~removed
            if new != entry.flags:
                owner.modseq = modseq
                entry.flags, entry.modseq = new, modseq
                self._log(owner, box, entry.uid, ChangeOp.UPDATED)
            changed[entry.uid] = (entry.modseq, entry.flags)
        self._told(account)
        return FlagsStored(owner.modseq, changed, tuple(refused))

    async def import_(self, account: AccountId, mailbox_id: MailboxId, messages: Sequence[tuple[bytes, NewMessage]]) -> Appended:
        return await self.append(account, OpId(b""), mailbox_id, [new for _, new in messages])


def _norm(path: Path) -> Path:
    path = tuple(unicodedata.normalize("NFC", name) for name in path)
    return ("INBOX", *path[1:]) if path and path[0].upper() == "INBOX" else path


def _entry(entry: _Entry) -> Entry:
    return Entry(entry.uid, entry.email.email_id, entry.modseq, entry.flags)


def _within(value: int, least: int | None, below: int | None) -> bool:
    return (least is None or value >= least) and (below is None or value < below)


def _fold(value: str) -> str:
    return unicodedata.normalize("NFKC", value).casefold()


def _block(email: _Email) -> bytes:
    return email.octets[: email.scan.header_octets]


def _values(email: _Email, name: str) -> list[str]:
    wanted = name.lower().encode()
    return [header.decode(value) for found, value in header.fields(_block(email)) if found.lower() == wanted]


def _texts(email: _Email, where: c.Field) -> list[str]:
    if where in {c.Field.BODY, c.Field.TEXT}:
        found = list(text.texts(lambda start, end: email.octets[start:end], parts.unpack(email.scan.parts), limit=1 << 20))
        if where is c.Field.TEXT:
            found += [f"{name.decode('latin-1')}: {header.decode(value)}" for name, value in header.fields(_block(email))]
        return found
    return _values(email, where.value)


__all__ = ["NOW_MS", "FakeMail"]
