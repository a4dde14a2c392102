"""The way out as a whole: the real store's queue, the scheduler, the agent, and a smarthost on loopback."""

from pathlib import Path

from tests.harness.real_mail import real_store
from tests.harness.smtp import BOB, SmtpSite

from mailstead.agent.smarthost import Smarthost, SmarthostAgent
from mailstead.model.ids import SubmissionId
from mailstead.model.mailbox import INBOX
from mailstead.net import Listener, bind
from mailstead.service.queue import Scheduler

MESSAGE = b"From: alice@example.org\r\nMessage-ID: <1@x>\r\nSubject: Out\r\n\r\nbody\r\n"


async def test_what_is_queued_leaves_and_what_is_refused_comes_back(tmp_path: Path) -> None:
    hub = SmtpSite(tls=None)
    listener = Listener(bind("127.0.0.1:0"), hub.serve, None, name="smtp")
    await listener.start()
    async with real_store(tmp_path, ["alice"]) as (store, accounts):
        agent = SmarthostAgent(Smarthost("127.0.0.1", listener.local.port, is_implicit_tls=False), name="out.example")
        scheduler = Scheduler(outbox=store.outbox, mail=store.mail, agent=agent, hostname="out.example", now_ms=store.now_ms)
        recipients: list[tuple[str, dict[str, str]]] = [(f"{name}@example.org", {"body": "7BIT"}) for name in ("bob", "nobody", "full")]
        for _ in range(2):
            await store.outbox.enqueue(
                accounts["alice"], SubmissionId(7), "alice@example.org", recipients, MESSAGE, store.now_ms() + 3_600_000
            )
        assert await scheduler.once() == 1
        await scheduler.idle()
        assert [octets.endswith(MESSAGE) for octets in hub.filed(BOB)] == [True]
        (waiting,) = await store.outbox.entries()
        assert (waiting.forward_path, waiting.attempts) == ("full@example.org", 1)
        assert waiting.last_error == "452 4.2.2 The mailbox is full"
        inbox = await store.mail.mailbox(accounts["alice"], INBOX)
        assert inbox is not None
        assert inbox.total == 1
        await agent.close()
    await listener.drain(0.1)
