"""A domain name system in a table, for policy that asks one."""

from typing import Any

from mailstead.mailauth.dkim import PrivateKey
from mailstead.model.dns import Answer, RecordType
from mailstead.model.errors import Unavailable
from mailstead.store.interface import DkimKey


class Table:
    """``records``: (name, type) to records; a name in ``broken`` cannot be looked up; ``secure`` names are vouched for."""

    def __init__(self, records: dict[tuple[str, str], tuple[Any, ...]] | None = None) -> None:
        self.records = dict(records or {})
        self.broken: set[str] = set()
        self.secure: set[str] = set()
        self.asked: list[tuple[str, str]] = []

    async def ask(self, name: str, kind: RecordType) -> Answer[Any]:
        self.asked.append((name, kind.name))
        if name in self.broken:
            raise Unavailable("no answer")
        found = self.records.get((name, kind.name), ())
        return Answer(name, found, is_secure=name in self.secure, exists=any(known == name for known, _ in self.records))


class Keys:
    """Of some domains, for ``service.signing``; ``table`` is where they are published."""

    def __init__(self, *domains: str) -> None:
        self.keys = {domain: PrivateKey.make("ed25519") for domain in domains}

    async def dkim_keys(self, domain: str) -> tuple[DkimKey, ...]:
        return tuple(DkimKey(one, "s", "ed25519", "signing", 0, key.record(), key.dump()) for one, key in self.keys.items())

    def table(self) -> Table:
        return Table({(f"s._domainkey.{one}", "TXT"): (key.record().encode(),) for one, key in self.keys.items()})
