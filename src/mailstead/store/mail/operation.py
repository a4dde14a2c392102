"""An operation: a write as a value, so that any worker can hand it to the shard's owner."""

from typing import Any, ClassVar

import msgspec

from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys


class Operation(msgspec.Struct, tag=True):
    """Fields are plain values. ``returns`` is the type of what ``apply`` gives, for the way back. ``is_once``: it may be
    repeated as it is, without a record of its first result."""

    returns: ClassVar[Any] = None
    is_once: ClassVar[bool] = False

    def apply(self, tx: Tx, keys: Keys) -> Any:
        """Make the change. Refuses before its first change (``engine.writer``)."""
        raise NotImplementedError

    def octets(self) -> int:
        """About how much it will write, for the size of a batch."""
        return 0


class OfAccount(Operation):
    """An operation on one account's data."""

    account: int
