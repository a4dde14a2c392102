"""A client that only applies changes has what the server has, of the types that are small objects too: random sets by two devices, reminders that fire, answers that come."""

import os
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.harness.jmap_mail import Jmap, jmap_store

STEPS = 60
SEEDS = range(int(os.environ.get("SEEDS", "3")))
QUERIES: dict[str, dict[str, Any]] = {
    "SavedSearch": {"sort": [{"property": "name"}]}, "Reminder": {"filter": {"state": "armed"}, "sort": [{"property": "at", "isAscending": False}]},
    "Note": {"filter": {"text": "A"}, "sort": [{"property": "text"}]},
    "ContactCard": {"filter": {"text": "a"}, "sort": [{"property": "name/given"}]}, "SenderProfile": {"filter": {"screened": "rejected"}},
    "SieveScript": {"filter": {"isActive": False}, "sort": [{"property": "name"}]},
}  # fmt: skip


class Client:
    def __init__(self, jmap: Jmap, chance: random.Random) -> None:
        self.jmap = jmap
        self.chance = chance
        self.known: dict[str, dict[str, Any]] = {}
        self.states: dict[str, str] = {}
        self.answers: dict[str, tuple[str, list[str]]] = {}

    async def begin(self) -> None:
        for kind, asked in QUERIES.items():
            found = await self.jmap.call(f"{kind}/get")
            self.known[kind], self.states[kind] = {one["id"]: one for one in found["list"]}, found["state"]
            found = await self.jmap.call(f"{kind}/query", **asked)
            self.answers[kind] = (found["queryState"], found["ids"])

    async def learn(self, kind: str) -> None:
        more = True
        while more:
            most = self.chance.choice((None, 1, 3))
            told = await self.jmap.call(f"{kind}/changes", sinceState=self.states[kind], **({"maxChanges": most} if most else {}))
            for ident in told["destroyed"]:
                self.known[kind].pop(ident, None)  # one made and gone again between two pages
            assert set(told["updated"]) <= self.known[kind].keys(), kind
            found = await self.jmap.call(f"{kind}/get", ids=[*told["created"], *told["updated"]])
            self.known[kind].update({one["id"]: one for one in found["list"]})
            self.states[kind], more = told["newState"], told["hasMoreChanges"]
        state, ids = self.answers[kind]
        told = await self.jmap.call(f"{kind}/queryChanges", sinceQueryState=state, **QUERIES[kind])
        ids = [ident for ident in ids if ident not in set(told["removed"])]
        for one in told["added"]:
            ids.insert(one["index"], one["id"])
        self.answers[kind] = (told["newQueryState"], ids)

    async def check(self) -> None:
        for kind, asked in QUERIES.items():
            await self.learn(kind)
            found = await self.jmap.call(f"{kind}/get")
            assert {one["id"]: one for one in found["list"]} == self.known[kind], kind
            assert (await self.jmap.call(f"{kind}/query", **asked))["ids"] == self.answers[kind][1], kind


async def change(jmap: Jmap, chance: random.Random, emails: list[str], book: str) -> None:
    """One random set; what it may not do is refused, and that is all."""
    kind = chance.choice(list(QUERIES))
    number = chance.randrange(12)
    makes: dict[str, dict[str, Any]] = {
        "SavedSearch": {"name": f"{chance.choice('abc')}{number}", "filter": {"subject": "x"}},
        "Reminder": {"emailId": chance.choice(emails), "at": f"2026-12-{number + 1:02}T00:00:00Z", "kind": chance.choice(("at", "noReply"))},
        "ContactCard": {"addressBookIds": {book: True}, "uid": f"u{number}", "name": {"components": [{"kind": "given", "value": f"{chance.choice('ab')}{number}"}]}},
        "SenderProfile": {"address": f"a{number}@b.test", "screened": chance.choice((None, "rejected", "feed"))},
        "Note": {"threadId": (await jmap.one(chance.choice(emails), "threadId"))["threadId"], "text": chance.choice("abc")},
        "SieveScript": {"name": f"s{number}", "blobId": jmap.put(chance.choice((b"keep;", b"stop;")))},
    }
    made = makes[kind]
    there = [one["id"] for one in (await jmap.call(f"{kind}/get"))["list"]]
    updates: dict[str, dict[str, Any]] = {
        "SavedSearch": {"name": f"z{number}"}, "Reminder": {"state": chance.choice(("done", "armed"))},
        "ContactCard": {"name/components": [{"kind": "given", "value": f"{chance.choice('ab')}z"}]}, "SenderProfile": {"screened": chance.choice(("rejected", "accepted"))},
        "SieveScript": {"name": f"z{number}", "blobId": jmap.put(b"discard;")}, "Note": {"text": f"a{number}"},
    }
    update = updates[kind]
    match chance.randrange(3):
        case 0:
            more = {"onSuccessActivateScript": "#x"} if kind == "SieveScript" and chance.randrange(2) else {}
            await jmap.call(f"{kind}/set", create={"x": made} if more else {"x": made, "y": made}, **more)
        case 1 if there:
            await jmap.call(f"{kind}/set", update={chance.choice(there): update}, destroy=[chance.choice(there)])
        case _ if there:
            await jmap.call(f"{kind}/set", destroy=chance.sample(there, min(2, len(there))))
        case _:
            pass


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_was_told_is_what_there_is(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with jmap_store(tmp_path) as (jmap, _):
        emails = [await jmap.draft(subject=f"s{n}", messageId=[f"s{n}@x"]) for n in range(4)]
        book = (await jmap.call("AddressBook/get"))["list"][0]["id"]
        client = Client(jmap, chance)
        await client.begin()
        now = jmap.shared.now()
        for step in range(STEPS):
            match chance.randrange(8):
                case 0:
                    await jmap.deliver(f"From: b@far.test\r\nSubject: Re: s1\r\nMessage-ID: <r{step}@x>\r\nIn-Reply-To: <s1@x>\r\n\r\nx\r\n".encode())
                case 1:
                    now += timedelta(days=chance.randrange(3))
                    await jmap.wake(now)
                case _:
                    await change(jmap, chance, emails, book)
            if not chance.randrange(4):
                await client.learn(chance.choice(list(QUERIES)))
        await client.check()
