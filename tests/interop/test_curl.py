"""curl with smtps, imaps and pop3s."""

from pathlib import Path

import pytest
from tests.harness.server import PASSWORD, Server
from tests.interop.conftest import Far, deliver, message, program, run, subjects

pytestmark = pytest.mark.interop


def curl(*words: str) -> str:
    return run(program("curl", "curl"), "--silent", "--show-error", "--insecure", "--user", f"user6@example.test:{PASSWORD}", *words)


def test_smtps(server: Server, far: Far, folder: Path) -> None:
    path = folder / "mail.eml"
    path.write_bytes(message("by curl", sender="user6@example.test").as_bytes())
    curl("--mail-from", "user6@example.test", "--mail-rcpt", "user6@example.test", "--upload-file", str(path),
         f"smtps://127.0.0.1:{far('user6@example.test')['submissions']}")
    assert "by curl" in subjects(server, "user6@example.test")


def test_imaps(server: Server, far: Far) -> None:
    deliver(server, "fetched by curl", "user6@example.test")
    assert "INBOX" in curl(f"imaps://127.0.0.1:{far('user6@example.test')['imaps']}/")
    assert "fetched by curl" in curl(f"imaps://127.0.0.1:{far('user6@example.test')['imaps']}/INBOX;MAILINDEX=*;SECTION=HEADER")


def test_pop3s(server: Server, far: Far) -> None:
    deliver(server, "popped by curl", "user6@example.test")
    listing = curl(f"pop3s://127.0.0.1:{far('user6@example.test')['pop3s']}/").strip().splitlines()
    assert "popped by curl" in curl(f"pop3s://127.0.0.1:{far('user6@example.test')['pop3s']}/{len(listing)}")
