"""Backup while serving: a valid data directory and a manifest (DECISIONS 19).

Rows first, then octets: each database is copied as of one moment, then the segments and objects its rows refer to. What
was appended meanwhile comes along unreferenced and is swept later. Compaction waits (``compaction``). Keys stay out unless
asked for: without them the copy is noise, so they belong somewhere else.
"""

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Final

from mailstead.model.errors import Reason, Refusal
from mailstead.model.progress import Progress
from mailstead.store.compaction import BackupLock
from mailstead.store.engine.files import Files, make_folder
from mailstead.store.maintenance import copy_database

MANIFEST: Final = "manifest.json"
_PIECE: Final = 4 << 20


def backup(data: Path, target: Path, files: Files, *, with_keys: bool, progress: Progress) -> None:
    """Copy ``data`` to ``target``, which must be new or empty. For a thread. Raises ``Refusal``, ``OSError``,
    ``Unavailable``."""
    if target.exists() and any(target.iterdir()):
        raise Refusal(Reason.ALREADY_EXISTS, f"{target} is not empty; give a new folder")
    make_folder(target, files)
    lock = BackupLock(data / "run" / "backup.lock", exclusive=False)
    try:
        databases = [path for path in sorted(data.glob("*.db")) if with_keys or path.name != "keys.db"]
        for number, path in enumerate(databases):
            progress(path.name, number, len(databases))
            copy_database(path, target / path.name, files)
        blobs = [path for folder in ("seg", "obj") for path in sorted((data / folder).rglob("*")) if path.is_file()]
        total = sum(path.stat().st_size for path in blobs)
        done = 0
        for path in blobs:
            copy = target / path.relative_to(data)
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            done += _copy(path, copy)
            progress("messages", done, total)
        for name in ("run", "tmp", "idx", "seg", "obj"):
            make_folder(target / name, files)
        others = ["mailstead.toml", "demo.json"] + (["keys", "tls"] if with_keys else [])
        for name in others:
            _copy_any(data / name, target / name)
        _write_manifest(target, files, with_keys=with_keys)
    finally:
        lock.release()


def _copy(path: Path, copy: Path) -> int:
    with path.open("rb") as source, copy.open("wb") as target:
        copy.chmod(0o600)
        shutil.copyfileobj(source, target, _PIECE)
        return target.tell()


def _copy_any(path: Path, copy: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, copy, dirs_exist_ok=True)
    elif path.exists():
        shutil.copy2(path, copy)


def _write_manifest(target: Path, files: Files, *, with_keys: bool) -> None:
    listed = {
        str(path.relative_to(target)): {"octets": path.stat().st_size, "sha256": _digest(path)}
        for path in sorted(target.rglob("*")) if path.is_file()
    }
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    text = json.dumps({"format": 1, "made": made, "with_keys": with_keys, "files": listed}, indent=1)
    files.write_whole(target / MANIFEST, text.encode())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(source: Path) -> list[str]:
    """What of a backup differs from its manifest; empty: nothing."""
    try:
        listed = json.loads((source / MANIFEST).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError) as exc:
        return [f"{source / MANIFEST} cannot be read: {exc}"]
    wrong = []
    for name, facts in listed.items():
        path = source / name
        if not path.is_file():
            wrong.append(f"{name} is missing")
        elif path.stat().st_size != facts["octets"] or _digest(path) != facts["sha256"]:
            wrong.append(f"{name} differs from what was backed up")
    return wrong
