"""mutt reads and files mail without anybody at the keyboard."""

import os
from pathlib import Path

import pytest
from tests.harness.server import PASSWORD, Server
from tests.interop.conftest import Far, deliver, program, run, subjects

pytestmark = pytest.mark.interop


def test_mutt_saves_and_deletes(server: Server, far: Far, folder: Path) -> None:
    mutt = program("mutt", "mutt")
    deliver(server, "read by mutt", "user1@example.test", body="Are you there?\n")
    url = f"imap://127.0.0.1:{far('user1@example.test')['imap']}/"
    rc = folder / "muttrc"
    rc.write_text(
        f"set folder='{url}'\nset spoolfile='{url}INBOX'\nset imap_user='user1@example.test'\nset imap_pass='{PASSWORD}'\n"
        "set ssl_starttls=no\nset ssl_force_tls=no\nset imap_authenticators='login'\nset confirmappend=no\nset confirmcreate=no\n"
        "set delete=yes\nset move=no\nset mail_check=0\nset wait_key=no\n"
    )
    save = f"push '<tag-pattern>~s\"read by mutt\"<enter><tag-prefix><save-message>{url}Archive<enter><sync-mailbox><quit>'"
    run("script", "-qec", f"{mutt} -n -F {rc} -e \"{save.replace(chr(34), chr(92) + chr(34))}\"", "/dev/null", timeout_s=60,
        env={**os.environ, "HOME": str(folder), "TERM": "vt100", "LINES": "24", "COLUMNS": "80"})
    assert "read by mutt" in subjects(server, "user1@example.test", "Archive")
    assert "read by mutt" not in subjects(server, "user1@example.test")


def test_mutt_sends(server: Server, far: Far, folder: Path) -> None:
    mutt = program("mutt", "mutt")
    rc = folder / "muttrc"
    rc.write_text(
        f"set smtp_url='smtp://user1@example.test@127.0.0.1:{far('user1@example.test')['submission']}/'\nset smtp_pass='{PASSWORD}'\n"
        "set from='user1@example.test'\nset use_from=yes\nset use_envelope_from=yes\nset ssl_starttls=no\nset ssl_force_tls=no\n"
        "set smtp_authenticators='plain'\nset copy=no\nset record=''\n"
    )
    run(mutt, "-n", "-F", str(rc), "-s", "sent by mutt", "user1@example.test", stdin="Yes.\n",
        env={**os.environ, "HOME": str(folder), "TERM": "vt100"})
    assert "sent by mutt" in subjects(server, "user1@example.test")
