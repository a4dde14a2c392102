"""kill -9 of any process at random moments under load: the promise behind every 250 is kept.

``MAILSTEAD_KILLS`` (25) and ``MAILSTEAD_KILL_SEED`` set how many and which; ``make soak`` runs thousands.
"""

import hashlib
import imaplib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from tests.harness.progress import progress
from tests.harness.server import PASSWORD, Server

KILLS = int(os.environ.get("MAILSTEAD_KILLS", "25"))
SEED = os.environ.get("MAILSTEAD_KILL_SEED", "1")
ADDRESSES = [f"user{number}@example.test" for number in range(20)]
ROOT = Path(__file__).parents[2]


def start(module: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", module, *words], cwd=ROOT)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.kill
def test_nothing_acknowledged_is_lost_or_doubled_by_kills(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    with Server(tmp_path, workers=2).init(ADDRESSES) as server:
        server.start()
        seconds = str(60 + KILLS * 10)
        ledger, sightings = tmp_path / "ledger", tmp_path / "sightings"
        sender = start("tests.harness.ledger", str(server.ports["smtp"]), str(ledger), "20", seconds, *ADDRESSES)
        observer = start("tests.harness.observer", str(server.ports["imap"]), str(sightings), "20", seconds, *ADDRESSES)
        try:
            for number in range(KILLS):
                progress("mail", number, KILLS)
                time.sleep(rng.random())
                match rng.choice(["worker", "worker", "worker", "worker", "supervisor", "all"]):
                    case "worker":
                        server.kill_worker(rng.randrange(2))
                    case "supervisor":
                        server.kill_supervisor()
                        server.start()
                    case "all":
                        server.kill()
                        server.start()
            handed_over = under_load(server)
            sender.terminate()
            observer.terminate()
            assert 0 == sender.wait(timeout=300)
            assert 0 == observer.wait(timeout=300)
        finally:
            for process in (sender, observer):
                if process.poll() is None:
                    process.kill()
                    process.wait()
        assert handed_over > 0, "every session met its own worker's shard: the test has shown less than it says"
        check(server, lines(ledger), lines(sightings))
        assert [] == server.verify()
        server.kill()
        assert [] == server.verify()


def test_a_server_waits_for_workers_that_are_slow_to_leave(tmp_path: Path) -> None:
    """Their supervisor was killed while one of them was held up; the ports and the shards are still theirs."""
    with Server(tmp_path, workers=2).init(ADDRESSES[:1]) as server:
        server.start()
        slow = server.worker_pids()[1]
        os.kill(slow, signal.SIGSTOP)
        try:
            server.kill_supervisor()
            server.start(wait=False)
            time.sleep(3)
            assert server.process is not None
            assert server.process.poll() is None, server.log_tail()
        finally:
            os.kill(slow, signal.SIGCONT)
        server.wait_ready()
        assert [] == server.verify()
        assert 0 == server.stop()


def under_load(server: Server) -> float:
    """Let the load go on until some of it went from one worker to another; how much did."""
    end = time.monotonic() + 20
    while not (handed_over := server.metric("mailstead_store_handed_over_total")) and time.monotonic() < end:
        time.sleep(0.2)
    return handed_over


def check(server: Server, ledger: list[dict[str, object]], sightings: list[dict[str, object]]) -> None:
    """Compare what the clients were told with what is there."""
    accepted = [line for line in ledger if line["outcome"] == "accepted"]
    assert len(accepted) > KILLS
    assert [] == [line for line in ledger if line["outcome"] == "refused"]
    unknown = {line["key"]: line for line in ledger if line["outcome"] == "unknown"}
    wanted: dict[str, Counter[str]] = defaultdict(Counter)
    for line in accepted:
        for address in line["to"]:  # type: ignore[attr-defined]
            wanted[address][str(line["sha256"])] += 1
    for address in ADDRESSES:
        stored, subjects, flagged, validity = read(server, address)
        may_be = {str(line["sha256"]) for line in unknown.values() if address in line["to"]}  # type: ignore[operator]
        missing = wanted[address] - stored
        assert not missing, f"{address}: {len(missing)} acknowledged messages are not there"
        surplus = stored - wanted[address]
        assert set(surplus) <= may_be, f"{address}: {len(surplus)} messages nobody sent, or doubled"
        assert all(count == 1 for count in stored.values()), f"{address}: doubled"
        for sighting in sightings:
            if sighting["address"] != address:
                continue
            assert validity == sighting["validity"]
            if sighting["what"] == "seen":
                assert sighting["subject"] == subjects.get(sighting["uid"]), "a UID was used twice"  # type: ignore[call-overload]
            else:
                assert sighting["uid"] in flagged, "a confirmed flag is gone"


def read(server: Server, address: str) -> tuple[Counter[str], dict[int, str], set[int], int]:
    """Digests of the messages as they were sent, subjects by UID, flagged UIDs, UIDVALIDITY."""
    imap = imaplib.IMAP4("127.0.0.1", server.ports["imap"], timeout=60)
    imap.login(address, PASSWORD)
    imap.select("INBOX", readonly=True)
    validity = int(imap.response("UIDVALIDITY")[1][0] or b"0")
    stored: Counter[str] = Counter()
    subjects: dict[int, str] = {}
    flagged: set[int] = set()
    _, rows = imap.fetch("1:*", "(UID FLAGS BODY.PEEK[])")
    for row in rows:
        if not isinstance(row, tuple):
            continue
        words = row[0].decode().replace("(", " ").replace(")", " ").split()
        uid = int(words[words.index("UID") + 1])
        octets = row[1]
        sent = octets[octets.index(b"From: sender@outside.test") :]
        stored[hashlib.sha256(sent).hexdigest()] += 1
        subjects[uid] = next(line for line in sent.decode().splitlines() if line.startswith("Subject:"))
        if "\\Flagged" in words:
            flagged.add(uid)
    imap.logout()
    return stored, subjects, flagged, validity
