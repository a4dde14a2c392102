"""Founding a data directory: settings, certificate, keys, the first domain and its administrator.

The settings file is written last: a directory without it is not one, so an interrupted ``init`` can be repeated.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mailstead.app import assemble
from mailstead.app.config import FILE_NAME, parse
from mailstead.app.sampling import file_samples
from mailstead.net import make_self_signed
from mailstead.store import create

_SETTINGS: Final = """\
# Settings of this mail server; docs/operate/settings.md explains all of them. “kill -HUP” makes a running server read them.
hostname = "{hostname}"

[listen]
{listen}
[auth]
cleartext_on_loopback = {cleartext}
"""


class FoundError(Exception):
    """One sentence that says what to do."""


async def found(
    data: Path, *, hostname: str, domain: str, accounts: Sequence[dict[str, Any]], listen: Mapping[str, Sequence[str]] | None = None,
    cleartext: bool = False, sample_for: str = "", tables: str = "",
) -> list[str]:  # fmt: skip
    """Make a data directory; gives the DNS records to publish, as a zone file holds them. ``accounts`` are arguments of ``account_add``,
    ``sample_for`` gets the demo's mail.

    Raises ``FoundError``, ``Refusal``, ``Unavailable``.
    """
    if (data / FILE_NAME).exists():
        raise FoundError(f"{data} is a data directory already; give another one or use it with “mailstead serve --data {data}”.")
    lines = "".join(f"{service} = [{', '.join(f'{address!r}' for address in addresses)}]\n" for service, addresses in (listen or {}).items())
    text = _SETTINGS.format(hostname=hostname, listen=lines.replace("'", '"'), cleartext=str(cleartext).lower()) + tables
    mark = data / "founding"
    if data.exists() and not mark.exists() and any(path.name not in _OURS for path in data.iterdir()):
        raise FoundError(f"{data} is not empty; give a new directory.")
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.touch()
    settings = parse(text, os.environ)
    make_self_signed(data / "tls" / "self-signed.pem", [hostname, domain, "localhost"])
    if not (data / "dir.db").exists():
        create(data, shards=settings.store.shards_for(os.cpu_count() or 1), master=assemble.master_key(data, settings))
    store = assemble.open_store(data, settings)
    await store.start()
    try:
        operations = assemble.operations(store, settings)
        present = {row["name"] for row in await operations.perform("domain_list", {}, _quiet)}
        if domain not in present:
            await operations.perform("domain_add", {"name": domain}, _quiet)
        there = {row["address"] for row in await operations.perform("account_list", {}, _quiet)}
        for account in accounts:
            if account["address"] not in there:
                await operations.perform("account_add", account, _quiet)
        if sample_for:
            await file_samples(store, sample_for)
        to_publish = [row["line"] for row in await operations.perform("domain_dns", {"name": domain}, _quiet)]
    finally:
        await store.close()
    fresh = data / (FILE_NAME + ".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(data / FILE_NAME)
    mark.unlink()
    return to_publish


_OURS: Final = frozenset({"keys", "lost+found", "demo.json"})
"""What may be there before: keys that the administrator brought, and our own notes."""


def _quiet(_what: str, _done: int, _total: int) -> None:
    """Founding takes a moment only."""
