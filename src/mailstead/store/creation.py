"""A data directory's beginning, and what it says of itself."""

from pathlib import Path
from typing import Final

from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.store.directory.operations import DEFAULT_TENANT
from mailstead.store.engine import sqlite
from mailstead.store.engine.files import Files, make_folder
from mailstead.store.engine.sqlite import Database
from mailstead.store.interface import shard_file
from mailstead.store.keys import begin_site, make_master
from mailstead.store.schema import directory, migrate, shard

MASTER: Final = "keys/master.key"
"""Where the master key lies unless it is kept elsewhere."""


def create(data: Path, *, shards: int = 4, files: Files | None = None, master: Path | None = None) -> None:
    """Make a data directory. Refuses one that is there already (ALREADY_EXISTS)."""
    files = files or Files()
    if (data / "dir.db").exists():
        raise Refusal(Reason.ALREADY_EXISTS, f"{data} is a mailstead data directory already")
    for folder in ("run", "tmp", "seg", "obj", "idx"):
        make_folder(data / folder, files)
    if master is None:
        master = data / MASTER
    if not master.exists():
        make_master(master, files)
    for path, steps in (
        (data / "keys.db", directory.KEY_STEPS), (data / "queue-00.db", directory.QUEUE_STEPS),
        *((data / shard_file(number), shard.STEPS) for number in range(shards)),
    ):
        db = Database(path, write=True, vfs=files.vfs)
        migrate(db, steps)
        if steps is directory.KEY_STEPS:
            with db.transaction():
                begin_site(db, master)
        db.close()
    # The directory comes last: a data directory is one when it has it.
    unfinished = data / "dir.db.new"
    for left in (unfinished, Path(f"{unfinished}-wal"), Path(f"{unfinished}-shm")):
        left.unlink(missing_ok=True)
    db = Database(unfinished, write=True, vfs=files.vfs)
    migrate(db, directory.STEPS)
    with db.transaction():
        db.run("INSERT INTO site VALUES ('shards', ?)", (str(shards),))
        db.run("INSERT INTO tenant VALUES (?, 'default', 0, 0)", (int(DEFAULT_TENANT),))
    db.checkpoint()
    db.close()
    files.replace(unfinished, data / "dir.db")
    files.sync_folder(data)


def shards_of(data: Path, vfs: str) -> int:
    """How many shards it was made with. Raises ``Unavailable``."""
    path = data / "dir.db"
    if not path.exists():
        raise Unavailable(
            "This is not a mailstead data directory", f"{data} has no dir.db; make one with: mailstead init --data {data} …"
        )
    db = Database(path, write=False, vfs=vfs)
    try:
        row = db.one("SELECT value FROM site WHERE name='shards'")
        if row is None:
            raise Unavailable("The message store's directory is damaged", f"{path.name} has lost its contents; restore it from a backup")
        return int(row[0])
    except sqlite.Failure as exc:
        raise sqlite.unavailable(exc, path) from exc
    finally:
        db.close()


