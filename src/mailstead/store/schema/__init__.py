"""Numbered migrations, forward only. A database carries its version in ``user_version``.

A release reads the version before its own as well as its own (STORAGE §12); it never opens a newer one.
"""

from collections.abc import Sequence

from mailstead.model.errors import Unavailable
from mailstead.store.engine.sqlite import Database


def migrate(db: Database, steps: Sequence[str]) -> None:
    """Bring ``db`` to the newest version: ``steps[n]`` leads from version n to n + 1, each in one transaction."""
    found = version(db)
    if found > len(steps):
        raise Unavailable(
            "The data directory belongs to a newer mailstead",
            f"{db.path.name} has schema version {found}, this program knows {len(steps)}: install the newer version again",
        )
    for number in range(found, len(steps)):
        with db.transaction():
            for statement in filter(None, map(str.strip, steps[number].split(";"))):
                db.run(statement)
            db.run(f"PRAGMA user_version={number + 1}")


def upgrade(db: Database, steps: Sequence[str]) -> None:
    """``migrate`` a database in use: one that has become empty is damaged, not new."""
    if not version(db):
        raise Unavailable(
            "This part of the message store is damaged", f"{db.path.name} is empty; run mailstead verify --repair"
        )
    migrate(db, steps)


def version(db: Database) -> int:
    """The schema version of a database; 0: empty."""
    row = db.one("PRAGMA user_version")
    return int(row[0]) if row else 0
