"""A data directory from a backup (DECISIONS 9, 19): a copy, and then the store is told that history has a gap."""

import shutil
from pathlib import Path
from typing import Any

from mailstead.model.errors import Reason, Refusal


async def restore(source: Path, data: Path, keys: Path | None) -> None:
    """Copy ``source`` to ``data``, put ``keys`` in, raise the epoch. Raises ``Refusal``, ``Unavailable``, ``OSError``."""
    from mailstead.app import assemble
    from mailstead.app.config import FILE_NAME, load

    if not (source / FILE_NAME).exists():
        raise Refusal(Reason.INVALID, f"{source} is no backup: it has no {FILE_NAME}.")
    shutil.copytree(source, data, ignore=shutil.ignore_patterns("run"), dirs_exist_ok=True)
    data.chmod(0o700)
    if keys is not None:
        shutil.copytree(keys, data / "keys", dirs_exist_ok=True)
    store: Any = assemble.open_store(data, load(data / FILE_NAME))
    await store.start()
    try:
        await store.restored()
    finally:
        await store.close()
