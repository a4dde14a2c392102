"""Several clients at work in one mailbox: each does as it is told, and in the end all see what is there.

Every client keeps its own picture from untagged answers alone: EXISTS, EXPUNGE, VANISHED, FETCH. A FETCH whose UID is not
the one that the client holds under that number is a defect at once. Now and then a QRESYNC client leaves and comes back
with what it knows (RFC 7162 §3.2.5): afterwards its picture must be that of a client that has just come.
"""

import asyncio
import random
import re
from pathlib import Path

import pytest
from tests.harness.imap import ImapSite
from tests.harness.memory_stream import MemoryStream
from tests.harness.real_mail import real_store

_FETCH = re.compile(r"\* (\d+) FETCH \((.*)\)$")
_UID = re.compile(r"\bUID (\d+)")
_FLAGS = re.compile(r"FLAGS \(([^)]*)\)")
_MODSEQ = re.compile(r"MODSEQ \(?(\d+)")
FLAGS = ("\\Seen", "\\Flagged", "\\Deleted", "work", "play")


class Client:
    """One client and its picture: a list of [UID or 0, flags or None]."""

    def __init__(self, site: ImapSite, chance: random.Random, name: str, *, qresync: bool) -> None:
        self.site, self.chance, self.name, self.qresync = site, chance, name, qresync
        self.messages: list[list[object]] = []
        self.validity, self.modseq, self.seen, self.count = 0, 0, 0, 0
        self.stream: MemoryStream

    async def come(self) -> None:
        """Connect and select, with what is known from before."""
        self.stream = await self.site.session()
        if self.qresync:
            await self.do("ENABLE QRESYNC")
        if self.qresync and self.validity:
            holes = [at for at, message in enumerate(self.messages) if not message[0]]
            del self.messages[holes[0] if holes else len(self.messages) :]
            lines = await self.do(f"SELECT INBOX (QRESYNC ({self.validity} {max(1, self.modseq)}))", is_select=True)
        else:
            self.messages = []
            lines = await self.do("SELECT INBOX", is_select=True)
        for line in lines:
            if found := re.search(r"UIDVALIDITY (\d+)", line):
                self.validity = int(found[1])
            if found := re.search(r"HIGHESTMODSEQ (\d+)", line):
                self.seen = max(self.seen, int(found[1]))
        self.modseq = self.seen
        await self.learn()

    async def do(self, command: str, *, is_select: bool = False) -> list[str]:
        """Send a command and take in the answer."""
        self.count += 1
        tag = f"{self.name}{self.count}"
        self.stream.say(f"{tag} {command}\r\n".encode())
        lines: list[str] = []
        for octets in await self.stream.hear_until(tag):
            if lines and lines[-1].endswith("}"):
                lines[-1] += octets.decode()
            else:
                lines.append(octets.decode())
        assert lines[-1].startswith(tag), lines
        assert " BAD " not in lines[-1], (command, lines)
        if is_select:
            self._selected(lines)
        else:
            for line in lines:
                self._told(line, command)
        if command == "NOOP":
            # Everything has been told: what we have seen is a place to come back to.
            self.modseq = self.seen
        return lines

    def _selected(self, lines: list[str]) -> None:
        """A SELECT's answer: what vanished earlier goes from the old picture, what is new lies at its end; the rest in order."""
        for line in lines:
            if "(EARLIER)" in line:
                self._told(line, "")
        exists = next(at for at, line in enumerate(lines) if line.endswith("EXISTS"))
        self._told(lines[exists], "")
        for line in lines[exists + 1 :]:
            if "(EARLIER)" not in line:
                self._told(line, "")

    def _told(self, line: str, command: str) -> None:
        words = line.split()
        if words[:2] == ["*", "VANISHED"]:
            gone: set[int] = set()
            for part in words[-1].split(","):
                low, _, high = part.partition(":")
                gone.update(range(int(low), int(high or low) + 1))
            unknown = gone - {message[0] for message in self.messages}
            self.messages = [message for message in self.messages if message[0] not in gone]
            if "(EARLIER)" not in words:
                for uid in sorted(unknown):
                    self._vanish_unknown(uid)
        elif words[0] == "*" and words[-1] == "EXPUNGE":
            assert not command.startswith(("FETCH", "STORE", "SEARCH")), (command, line)
            del self.messages[int(words[1]) - 1]
        elif words[0] == "*" and words[-1] == "EXISTS":
            assert int(words[1]) >= len(self.messages), (self.name, line, self.messages)
            self.messages += [[0, None] for _ in range(int(words[1]) - len(self.messages))]
        elif found := _FETCH.match(line):
            message = self.messages[int(found[1]) - 1]
            if known := _UID.search(found[2]):
                assert message[0] in {0, int(known[1])}, (self.name, command, line, self.messages)
                message[0] = int(known[1])
            if flags := _FLAGS.search(found[2]):
                message[1] = frozenset(flags[1].split()) - {"\\Recent"}
            if modseq := _MODSEQ.search(found[2]):
                self.seen = max(self.seen, int(modseq[1]))

    def _vanish_unknown(self, uid: int) -> None:
        """A message whose UID was never told: the one that stands where this UID belongs (RFC 7162 §3.2.10)."""
        below = 0
        for at, message in enumerate(self.messages):
            below = int(str(message[0])) or below
            above = next((int(str(later[0])) for later in self.messages[at:] if later[0]), 1 << 32)
            if not message[0] and below < uid < above:
                del self.messages[at]
                return
        raise AssertionError((self.name, uid, self.messages))

    async def learn(self) -> None:
        """Ask for what is not known."""
        for number, message in enumerate(self.messages, 1):
            if not message[0] or message[1] is None:
                await self.do(f"FETCH {number}:* (UID FLAGS{' MODSEQ' if self.qresync else ''})")
                return

    async def act(self) -> None:
        """Something, at random."""
        chance, size = self.chance, len(self.messages)
        flag = chance.choice(FLAGS)
        low = chance.randint(1, size) if size else 0
        high = chance.randint(low, min(size, low + 3)) if size else 0
        known = [int(str(message[0])) for message in self.messages if message[0]]
        uid = chance.choice(known) if known else 1
        match chance.randrange(13):
            case 0 | 1:
                octets = "Subject: x\r\n\r\ny\r\n"
                count = chance.randint(1, 3)
                messages = " ".join(["", *[f"{{{len(octets)}+}}\r\n{octets}"] * count])
                await self.do("APPEND INBOX" + messages)
            case 2 | 3 if size:
                await self.do(f"STORE {low}:{high} {chance.choice('+-')}FLAGS ({flag})")
            case 4:
                # Some clients work out the flags when they send the command, some when it is answered.
                is_early = chance.random() < 0.5
                if is_early:
                    self._add(uid, flag)
                await self.do(f"UID STORE {uid} +FLAGS.SILENT ({flag})")
                if not is_early:
                    self._add(uid, flag)
            case 5:
                await self.do("EXPUNGE")
            case 6:
                await self.do(f"UID EXPUNGE {uid}")
            case 7 if size:
                await self.do(f"COPY {low} INBOX")
            case 8:
                await self.do(f"UID MOVE {uid} Archive")
            case 9 if size:
                await self.do(f"FETCH {low}:{high} (UID FLAGS BODY[TEXT]<0.1>)")
            case 10 if size:
                await self.do("SEARCH NOT DELETED")
            case 11 if size:
                await self.do(f"FETCH {low}:{high} (UID FLAGS)")
            case 12 if self.qresync and chance.random() < 0.4:
                await self.do("LOGOUT") if chance.random() < 0.5 else self.stream.leave()
                await self.come()
            case _:
                await self.do("NOOP")
        if chance.random() < 0.5:
            await self.learn()

    def _add(self, uid: int, flag: str) -> None:
        for message in self.messages:
            if message[0] == uid and isinstance(message[1], frozenset):
                message[1] |= {flag}

    async def picture(self) -> list[list[object]]:
        """What it sees in the end."""
        await self.do("NOOP")
        await self.learn()
        await self.do("NOOP")
        return self.messages


async def _work(site: ImapSite, seed: int, *, at_once: bool) -> None:
    chance = random.Random(seed)
    clients = [Client(site, chance, name, qresync=name in "cd") for name in "abcd"]
    for client in clients:
        await client.come()
    for _ in range(40):
        if at_once:
            await asyncio.gather(*(client.act() for client in clients))
        else:
            await chance.choice(clients).act()
    fresh = Client(site, chance, "z", qresync=False)
    await fresh.come()
    expected = await fresh.picture()
    for client in clients:
        assert expected == await client.picture(), (seed, client.name)


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("seed", range(25))
async def test_all_clients_converge(seed: int, at_once: bool) -> None:
    async with ImapSite() as site:
        await _work(site, seed, at_once=at_once)


@pytest.mark.parametrize("seed", range(100, 106))
async def test_all_clients_converge_over_the_real_store(seed: int, tmp_path: Path) -> None:
    async with (
        real_store(tmp_path, ["alice"]) as (store, accounts),
        ImapSite(mail=store.mail, watch=store.watch, accounts=accounts) as site,
    ):
        await _work(site, seed, at_once=bool(seed % 2))
