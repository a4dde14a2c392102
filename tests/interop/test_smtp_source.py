"""Postfix's load generator: many sessions at once, all filed."""

import pytest
from tests.harness.server import Server
from tests.interop.conftest import mailbox, program, run

pytestmark = pytest.mark.interop


@pytest.mark.parametrize("words", [(), ("-d",), ("-N",)], ids=["plain", "kept open", "numbered"])
def test_sessions_at_once(server: Server, words: tuple[str, ...]) -> None:
    before = count(server)
    to = "user2@example.test" if "-N" not in words else "user2+%d@example.test".replace("%d", "x")
    run(program("smtp-source", "postfix"), *(word for word in words if word != "-N"), "-s", "10", "-m", "200", "-l", "4096",
        "-f", "a@outside.test", "-t", to, f"inet:127.0.0.1:{server.ports['smtp']}")
    assert count(server) == before + 200


def count(server: Server) -> int:
    imap = mailbox(server, "user2@example.test")
    total = int(imap.status("INBOX", "(MESSAGES)")[1][0].split()[-1].rstrip(b")"))
    imap.logout()
    return total
