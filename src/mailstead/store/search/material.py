"""A message as the index and the judge see it: its texts, read from the store."""

from functools import partial

from mailstead.model.errors import Refusal, Unavailable
from mailstead.store.blob.objects import Objects
from mailstead.store.blob.segments import SegmentReader
from mailstead.store.engine.sqlite import Database
from mailstead.store.keys import Keys
from mailstead.store.mail import read
from mailstead.store.seal import FRAME_OCTETS
from mailstead.store.search import answer
from mailstead.store.search.words import cut
from mailstead.store.stopping import Stopping

_NO_PARTS = b"text\tplain\tus-ascii\t7bit\t\t0\t0\t0\t0"


class Material:
    """Reads messages of one account from one snapshot. For one thread."""

    def __init__(self, db: Database, segments: SegmentReader, keys: Keys, objects: Objects, account: int, stopping: Stopping | None = None) -> None:
        self._db = db
        self._segments = segments
        self._keys = keys
        self._objects = objects
        self._account = account
        self._stopping = stopping
        self.is_damaged = False
        """Whether octets could not be read since this was last set to False."""
        self._last = (0, b"")

    def message(self, row: tuple[int, int, int, int, int, tuple[str, ...], int, int, int], mailbox: int) -> answer.Message:
        """``row``: uid, email, thread, modseq, flags, more, received_ms, saved_ms, size. Raises ``Unavailable`` where ``stopping`` has begun."""
        if self._stopping is not None:
            self._stopping.check()
        uid, email, thread, modseq, flags, more, received, saved, size = row
        return answer.Message(
            uid, email, thread, mailbox, modseq, flags, more, received, saved, size, partial(self._email_row, email),
            partial(self._parts, email), partial(self._octets, email), partial(self._places, email, thread),
        )

    def texts(self, email: int) -> tuple[str, ...] | None:
        """The columns of the index; None when the message cannot be read."""
        self.is_damaged = False
        message = self.message((0, email, 0, 0, 0, (), 0, 0, 0), 0)
        try:
            fields = message.fields()
            texts = (
                *(
                    " \n ".join(value for found, value in fields if found == name)
                    for name in (b"from", b"to", b"cc", b"bcc", b"subject")
                ),
                f"{message.header_text()} \n {message.labels()}", message.body_text(),
            )
        except (Refusal, Unavailable):
            return None
        return None if self.is_damaged else tuple(map(cut, texts))

    def _email_row(self, email: int) -> tuple[int, int, bool]:
        row = self._db.one(
            "SELECT sent_ms, header, attachment FROM email WHERE account_id=? AND email_id=?", (self._account, email)
        )
        return (row[0], row[1], bool(row[2])) if row else (0, 0, False)

    def _parts(self, email: int) -> bytes:
        meta = read.meta_of(self._db, self._account, self._keys, email)
        if meta is None:
            self.is_damaged = True
            return _NO_PARTS
        return meta.parts

    def _octets(self, email: int, start: int, end: int) -> bytes:
        """A range; of a message that is one frame all is kept for the next question, for opening it is most of the work."""
        if self._last[0] != email:
            first = self._read(email, 0, FRAME_OCTETS)
            if not first:
                return self._read(email, start, end)
            self._last = (email, first)
        first = self._last[1]
        if end <= len(first) or len(first) < FRAME_OCTETS:
            return first[start:end]
        return self._read(email, start, end)

    def _read(self, email: int, start: int, end: int) -> bytes:
        try:
            return read.octets(
                self._db, self._account, self._keys, self._segments, self._objects, email, start, end - start
            )
        except Unavailable:
            self.is_damaged = True
            return b""

    def _places(self, email: int, thread: int) -> set[int]:
        return {row[0] for row in self._db.all(
            "SELECT mailbox_id FROM entry WHERE account_id=? AND thread_id=? AND email_id=?", (self._account, thread, email))}


