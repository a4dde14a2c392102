"""The standard library's clients: smtplib, imaplib, poplib, over TLS and not; and that shards are served from afar."""

import imaplib
import poplib
import smtplib
import threading
import time

import pytest
from tests.harness.server import PASSWORD, Server
from tests.interop.conftest import PEOPLE, Far, deliver, mailbox, message, subjects, trusting

pytestmark = pytest.mark.interop


def test_smtplib_submits_over_implicit_tls(server: Server, far: Far) -> None:
    with smtplib.SMTP_SSL("127.0.0.1", far("user4@example.test")["submissions"], timeout=30, context=trusting()) as smtp:
        smtp.login("user3@example.test", PASSWORD)
        smtp.send_message(message("by smtplib", sender="user3@example.test", to="user4@example.test"))
    assert "by smtplib" in subjects(server, "user4@example.test")


def test_imaplib_walks_through_everything(server: Server, far: Far) -> None:
    imap = imaplib.IMAP4_SSL("127.0.0.1", far("user3@example.test")["imaps"], ssl_context=trusting(), timeout=30)
    imap.login("user3@example.test", PASSWORD)
    assert imap.create("Projects/Alpha")[0] == "OK"
    assert imap.append("Projects/Alpha", "(\\Flagged)", None, message("appended").as_bytes())[0] == "OK"
    assert imap.select("Projects/Alpha")[1] == [b"1"]
    assert imap.search(None, "SUBJECT", "appended", "FLAGGED")[1] == [b"1"]
    assert imap.store("1", "+FLAGS", "(\\Seen custom)")[0] == "OK"
    assert b"custom" in imap.fetch("1", "(FLAGS)")[1][0]  # type: ignore[operator]
    assert imap.copy("1", "Archive")[0] == "OK"
    assert imap.uid("MOVE", "1", "Trash")[0] == "OK"
    assert imap.select("Projects/Alpha")[1] == [b"0"]
    assert imap.select("Trash")[1] == [b"1"]
    assert imap.store("1", "+FLAGS", "\\Deleted")[0] == "OK"
    assert imap.expunge()[1] == [b"1"]
    assert imap.rename("Projects/Alpha", "Projects/Beta")[0] == "OK"
    assert imap.delete("Projects/Beta")[0] == "OK"
    imap.logout()
    assert subjects(server, "user3@example.test", "Archive") == ["appended"]


def test_poplib_fetches_and_deletes(server: Server, far: Far) -> None:
    for number in range(3):
        deliver(server, f"pop {number}", "user4@example.test")
    pop = poplib.POP3_SSL("127.0.0.1", far("user4@example.test")["pop3s"], context=trusting(), timeout=30)
    pop.user("user4@example.test")
    pop.pass_(PASSWORD)
    count, _ = pop.stat()
    assert count >= 3
    uids = {line.split()[1] for line in pop.uidl()[1]}
    assert len(uids) == count
    assert any(b"Subject: pop" in line for line in pop.retr(count)[1])
    pop.dele(count)
    pop.quit()
    again = poplib.POP3("127.0.0.1", far("user4@example.test")["pop3"], timeout=30)
    again.stls(trusting())
    again.user("user4@example.test")
    again.pass_(PASSWORD)
    assert again.stat()[0] == count - 1
    again.quit()


def test_every_account_is_served_by_every_worker(server: Server) -> None:
    """Sixteen sessions to each account: some land on the worker that owns the shard and some on the other, and all see
    one another's changes."""
    for address in PEOPLE[:4]:
        deliver(server, "for all", address)
        sessions = [mailbox(server, address) for _ in range(16)]
        sessions[0].store("1", "+FLAGS", f"(mark{address[4]})")
        for session in sessions:
            session.noop()
            assert f"mark{address[4]}".encode() in session.fetch("1", "(FLAGS)")[1][0]  # type: ignore[operator]
        for session in sessions:
            session.logout()
    handed_over = server.metric("mailstead_store_handed_over_total")
    assert handed_over > 0, "no session met a shard that another worker owns: the test has shown nothing"


def test_a_change_reaches_idle_sessions_at_once(server: Server) -> None:
    deliver(server, "first", "user5@example.test")
    idle = [mailbox(server, "user5@example.test") for _ in range(8)]
    heard: list[float] = []

    def listen(imap: imaplib.IMAP4) -> None:
        imap.send(b"x IDLE\r\n")
        assert imap.readline().startswith(b"+")
        ready.release()
        while b"EXISTS" not in imap.readline():
            pass
        heard.append(time.monotonic())
        imap.send(b"DONE\r\n")

    ready = threading.Semaphore(0)
    threads = [threading.Thread(target=listen, args=(imap,)) for imap in idle]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert ready.acquire(timeout=10)
    deliver(server, "second", "user5@example.test")
    told = time.monotonic()
    for thread in threads:
        thread.join(timeout=10)
    for imap in idle:
        imap.shutdown()
    assert len(heard) == len(idle)
    assert max(heard) - told < 5.0  # a bound against hanging; the speed itself is a benchmark


def test_mailboxes_with_other_letters(server: Server) -> None:
    imap = mailbox(server, "user3@example.test")
    assert imap.create('"&U,BTFw-"')[0] == "OK"  # 台北 in modified UTF-7, RFC 3501 §5.1.3
    assert any(b"&U,BTFw-" in line for line in imap.list()[1] if isinstance(line, bytes))
    imap.logout()
