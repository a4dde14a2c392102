"""The way out as a whole: the real store's queue, the scheduler, the agents, and a smarthost on loopback."""

import asyncio
from pathlib import Path

from tests.harness.real_mail import real_store
from tests.harness.smtp import BOB, SmtpSite

from mailstead.agent.hop import Way
from mailstead.agent.router import Router
from mailstead.agent.smarthost import Smarthost, SmarthostAgent
from mailstead.model.ids import SubmissionId, TenantId
from mailstead.model.mailbox import INBOX
from mailstead.net import Listener, bind
from mailstead.service.delivery import Delivery
from mailstead.service.queue import Scheduler
from mailstead.service.queue.entrance import Entrance, Queued
from mailstead.service.queue.local import LocalAgent
from mailstead.service.queue.shaping import Rules
from mailstead.store.interface import QueueFilter

MESSAGE = b"From: alice@example.org\r\nMessage-ID: <1@x>\r\nSubject: Out\r\n\r\nbody\r\n"


async def test_what_is_queued_leaves_and_what_is_refused_comes_back(tmp_path: Path) -> None:
    hub = SmtpSite(tls=None)
    listener = Listener(bind("127.0.0.1:0"), hub.serve, None, name="smtp")
    await listener.start()
    async with real_store(tmp_path, ["alice"]) as (store, accounts):
        base = Way("out.example")
        router = Router(
            here=LocalAgent(directory=store.directory, delivery=Delivery(store.mail), hostname="out.example"),
            out=SmarthostAgent(Smarthost("127.0.0.1", listener.local.port), base), base=base,
        )  # fmt: skip
        scheduler = Scheduler(
            queue=store.queue, mail=store.mail, submissions=store.submissions, agent=router, rules=Rules(), hostname="out.example",
            now_ms=store.now_ms,
        )  # fmt: skip
        store.watch_queue(scheduler.wake)
        running = asyncio.create_task(scheduler.run())
        await asyncio.sleep(0.05)
        now = store.now_ms()
        message = Queued(
            b"7" * 16, SubmissionId(7), accounts["alice"], TenantId(1), "alice@example.org",
            [(f"{name}@example.org", {}, False) for name in ("bob", "nobody", "full")], {"body": "7BIT"}, now, now + 3_600_000,
        )  # fmt: skip
        for _ in range(2):
            await Entrance(store.queue, is_direct=False).put(message, MESSAGE)
        async with asyncio.timeout(5):
            while [one.attempts for one in await store.queue.find(QueueFilter())] != [1]:
                await asyncio.sleep(0.01)
        assert [octets.endswith(MESSAGE) for octets in hub.filed(BOB)] == [True]
        (waiting,) = await store.queue.find(QueueFilter())
        assert (waiting.forward_path, waiting.attempts) == ("full@example.org", 1)
        assert waiting.last_error == "452 4.2.2 The mailbox is full"
        inbox = await store.mail.mailbox(accounts["alice"], INBOX)
        assert inbox is not None
        assert inbox.total == 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await listener.drain(0.1)
