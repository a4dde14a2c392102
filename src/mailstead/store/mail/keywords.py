"""Keywords: names to bits and back (``model.flags``). The bits of an account are numbered as they are first seen; past
the 47th a keyword is kept by name in ``entry.more``."""

from collections.abc import Iterable

import msgspec

from mailstead.model import flags as model
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.seal import WORD, AccountKey

_encode = msgspec.msgpack.Encoder().encode
_names = msgspec.msgpack.Decoder(tuple[str, ...]).decode


def of_account(db: Database, account: int, key: AccountKey) -> dict[int, str]:
    """Bit number to name, of the account's own keywords."""
    rows = db.all("SELECT bit, name_enc FROM keyword WHERE account_id=? ORDER BY bit", (account,))
    return {bit: key.open(WORD, bit, sealed).decode() for bit, sealed in rows}


def all_bits(db: Database, account: int, key: AccountKey) -> dict[int, str]:
    """Bit value to name, system flags included."""
    found = {bit: name for name, bit in model.SYSTEM_BITS.items()}
    found.update((1 << bit, name) for bit, name in of_account(db, account, key).items() if bit <= model.LAST_ACCOUNT_BIT)
    return found


def bits(tx: Tx, account: int, key: AccountKey, names: Iterable[str], *, make: bool = True,
         must: bool = True) -> tuple[int, tuple[str, ...]]:
    """The flags as (bits, names beyond the bits). New keywords get a number (``make``) or are left out. LIMIT, unless
    what there is no room for may be left out (``must`` False)."""
    value = 0
    unknown: list[str] = []
    for name in names:
        bit = model.SYSTEM_BITS.get(model.canonical(name))
        if bit is None:
            unknown.append(name)
        else:
            value |= bit
    if not unknown:
        return value, ()
    known = {name.lower(): (bit, name) for bit, name in of_account(tx.db, account, key).items()}
    more: list[str] = []
    for name in unknown:
        bit, spelled = known.get(name.lower(), (-1, name))
        if bit < 0:
            if not make:
                continue
            if len(known) >= limits.KEYWORDS:
                if not must:
                    continue
                raise Refusal(Reason.LIMIT, "Too many different keywords in this account", f"{limits.KEYWORDS} keywords")
            bit = max((number for number, _ in known.values()), default=model.FIRST_ACCOUNT_BIT - 1) + 1
            tx.db.run("INSERT INTO keyword VALUES (?, ?, ?)", (account, bit, key.seal(WORD, bit, name.encode())))
            known[name.lower()] = (bit, name)
        if bit <= model.LAST_ACCOUNT_BIT:
            value |= 1 << bit
        else:
            more.append(spelled)
    return value, tuple(sorted(more))


def pack_more(names: tuple[str, ...]) -> bytes | None:
    return _encode(names) if names else None


def unpack_more(octets: bytes | None) -> tuple[str, ...]:
    return _names(octets) if octets else ()
