"""Postfix's load generator: many sessions at once, all filed."""

import pytest
from tests.harness.server import Server
from tests.interop.conftest import Far, mailbox, program, run

pytestmark = pytest.mark.interop


@pytest.mark.parametrize(
    ("words", "to"),
    [((), "user2@example.test"), (("-d",), "user2@example.test"), ((), "user2+detail@example.test")],
    ids=["plain", "kept open", "detail"],
)
def test_sessions_at_once(server: Server, far: Far, words: tuple[str, ...], to: str) -> None:
    before = count(server)
    run(program("smtp-source", "postfix"), *words, "-s", "10", "-m", "200", "-l", "4096", "-f", "a@outside.test", "-t", to,
        f"inet:127.0.0.1:{far('user2@example.test')['smtp']}")
    assert count(server) == before + 200


def count(server: Server) -> int:
    imap = mailbox(server, "user2@example.test")
    total = int(imap.status("INBOX", "(MESSAGES)")[1][0].split()[-1].rstrip(b")"))
    imap.logout()
    return total
