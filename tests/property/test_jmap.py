"""A JMAP client that only applies changes ends with what the server has: the methods themselves, with IMAP and deliveries in between.

``test_emails`` proves the store; this proves what stands on it: states, pages, patches, creation ids, as JSON goes over the wire.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from tests.harness.jmap_mail import Jmap, jmap_store
from tests.property.test_emails import World

from mailstead.model.errors import Refusal
from mailstead.server.http.jmap.standard import MethodError

STEPS = 80
SEEDS = range(int(os.environ.get("SEEDS", "4")))
NEWEST = [{"property": "receivedAt", "isAscending": False}]
PROPERTIES = ["threadId", "mailboxIds", "keywords", "subject", "size", "receivedAt"]


class Client:
    """Knows emails, threads and mailboxes by id, and the answers of queries; learns by changes alone."""

    def __init__(self, jmap: Jmap, chance: random.Random, queries: list[dict[str, Any]]) -> None:
        self.jmap = jmap
        self.chance = chance
        self.known: dict[str, dict[str, Any]] = {"Email": {}, "Thread": {}, "Mailbox": {}}
        self.states: dict[str, str] = {}
        self.queries = [(query, "", list[str]()) for query in queries]
        self.refused = 0

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        return dict(json.loads(json.dumps(await self.jmap.call(method, **arguments))))

    async def begin(self) -> None:
        for kind in self.known:
            found = await self.call(f"{kind}/get", ids=None if kind == "Mailbox" else [])
            self.states[kind] = found["state"]
            self.known[kind] = {one["id"]: one for one in found["list"]}
        for number, (query, _, _) in enumerate(self.queries):
            found = await self.call("Email/query", **query)
            self.queries[number] = (query, found["queryState"], found["ids"])

    async def learn(self) -> None:
        for kind, known in self.known.items():
            more = True
            while more:
                most = self.chance.choice((None, 1, 4))
                try:
                    told = await self.call(f"{kind}/changes", sinceState=self.states[kind], **({"maxChanges": most} if most else {}))
                except MethodError as exc:
                    if exc.kind != "cannotCalculateChanges":
                        raise
                    self.refused += 1
                    return
                more, self.states[kind] = told["hasMoreChanges"], told["newState"]
                if most:
                    assert len(told["created"]) + len(told["updated"]) + len(told["destroyed"]) <= most
                for ident in told["destroyed"]:
                    known.pop(ident, None)
                names = PROPERTIES if kind == "Email" else told.get("updatedProperties")
                found = await self.call(f"{kind}/get", ids=told["created"] + told["updated"], properties=names)
                for one in found["list"]:
                    known[one["id"]] = {**known.get(one["id"], {}), **one}
        for number, (query, state, ids) in enumerate(self.queries):
            told = await self.call("Email/queryChanges", sinceQueryState=state, **query)
            left = [ident for ident in ids if ident not in set(told["removed"])]
            for one in told["added"]:
                left.insert(one["index"], one["id"])
            self.queries[number] = (query, told["newQueryState"], left)

    async def compare(self) -> None:
        ids = (await self.call("Email/query"))["ids"]
        emails = (await self.call("Email/get", ids=ids, properties=PROPERTIES))["list"]
        assert {one["id"]: one for one in emails} == self.known["Email"]
        threads = (await self.call("Thread/get", ids=sorted({one["threadId"] for one in emails})))["list"]
        assert {one["id"]: one for one in threads} == self.known["Thread"]
        assert {one["id"]: one for one in (await self.call("Mailbox/get"))["list"]} == self.known["Mailbox"]
        for query, state, answer in self.queries:
            found = await self.call("Email/query", calculateTotal=True, **query)
            assert (found["queryState"], found["ids"], found["total"]) == (state, answer, len(answer)), query


class JmapWorld(World):
    """IMAP and deliveries as before; and another JMAP client."""

    def __init__(self, jmap: Jmap, chance: random.Random) -> None:
        super().__init__(jmap.store, jmap.account, chance)
        self.jmap = jmap

    async def step(self) -> None:
        try:
            if self.chance.random() < 0.5:
                await super().step()
            else:
                await self.request()
        except Refusal:
            return

    async def request(self) -> None:
        """One request of sets, with creation ids between them; what is not possible is answered and does nothing."""
        jmap, chance = self.jmap, self.chance
        jmap.created.clear()
        boxes = [one["id"] for one in (await jmap.call("Mailbox/get"))["list"]]
        ids = (await jmap.call("Email/query"))["ids"]
        if len(boxes) < 12:
            parent = chance.choice([None, *boxes])
            await jmap.call("Mailbox/set", create={"new": {"name": f"j{chance.randrange(9)}", "parentId": parent}})
        target = chance.choice(["#new", *boxes])
        update = {
            ident: chance.choice([
                {"keywords/$seen": True}, {"keywords/$flagged": None, "keywords/Blue": True}, {"mailboxIds": {target: True}},
                {f"mailboxIds/{target}": chance.choice((True, None))}, {"keywords": {"$draft": True}}, {"subject": "no"}])
            for ident in chance.sample(ids, min(3, len(ids)))}
        await jmap.call(
            "Email/set", create={"mail": {"mailboxIds": {target: True}, "subject": chance.choice(("alpha", "beta")), "keywords": {"$seen": True}}},
            update={**update, "#mail": {"keywords/$answered": True}}, destroy=chance.sample(ids, min(1, len(ids))))
        if chance.random() < 0.3:
            await jmap.call(
                "Mailbox/set", update={chance.choice(boxes): chance.choice([{"name": f"k{chance.randrange(9)}"}, {"sortOrder": 5}, {"isSubscribed": True}])},
                destroy=chance.sample(boxes, 1), onDestroyRemoveEmails=chance.random() < 0.7)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_client_that_applies_changes_ends_with_what_is_there(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    async with jmap_store(tmp_path) as (jmap, _):
        inbox = await jmap.box()
        client = Client(jmap, chance, [
            {"filter": {"inMailbox": inbox}, "sort": NEWEST}, {"filter": {"inMailbox": inbox}, "sort": NEWEST, "collapseThreads": True},
            {"filter": {"operator": "AND", "conditions": [{"notKeyword": "$seen"}, {"text": "alp"}]}, "sort": NEWEST},
            {"filter": {"someInThreadHaveKeyword": "$flagged"}, "sort": [{"property": "subject"}], "collapseThreads": True},
        ])
        await client.begin()
        world = JmapWorld(jmap, chance)
        for number in range(STEPS):
            await world.step()
            if chance.random() < 0.3:
                await client.learn()
            if number % 20 == 19:
                await client.learn()
                await client.compare()
        assert client.refused == 0
