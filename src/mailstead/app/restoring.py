"""A data directory from a backup (DECISIONS 9, 19): checked, copied, and then the store is told that history has a gap.

A backup without keys needs them from elsewhere: the folder given holds ``keys.db`` and ``keys/master.key`` (as a data
directory or another backup does) or both side by side.
"""

import shutil
from pathlib import Path

from mailstead.app import assemble
from mailstead.app.config import FILE_NAME, SettingsError, load
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.store.backup import MANIFEST, check


async def restore(source: Path, data: Path, keys: Path | None) -> None:
    """Copy ``source`` to ``data``, put ``keys`` in, raise the epoch. Raises ``Refusal``, ``Unavailable``, ``OSError``."""
    if not (source / MANIFEST).exists():
        raise Refusal(Reason.INVALID, f"{source} is no backup: it has no {MANIFEST}.")
    wrong = check(source)
    if wrong:
        raise Refusal(Reason.BAD_CONTENT, f"the backup is damaged ({wrong[0]}; {len(wrong)} findings); take another one.")
    given = {"keys.db": _find(keys, source, "keys.db"), "keys/master.key": _find(keys, source, "keys/master.key", "master.key")}
    if given["keys.db"] is None:
        raise Refusal(Reason.INVALID, "the backup holds no keys; add --keys with a folder that holds keys.db and keys/master.key.")
    shutil.copytree(source, data, ignore=shutil.ignore_patterns("run", MANIFEST), dirs_exist_ok=True)
    data.chmod(0o700)
    for name, path in given.items():
        if path is not None and path != source / name:
            (data / name).parent.mkdir(mode=0o700, exist_ok=True)
            shutil.copy2(path, data / name)
            (data / name).chmod(0o600)
    try:
        settings = load(data / FILE_NAME)
    except SettingsError as exc:
        raise Unavailable("", str(exc)) from exc
    store = assemble.open_store(data, settings)
    await store.start()
    try:
        await store.restored()
    finally:
        await store.close()


def _find(keys: Path | None, source: Path, *names: str) -> Path | None:
    for folder in (keys, source):
        for name in names:
            if folder is not None and (folder / name).is_file():
                return folder / name
    return None
