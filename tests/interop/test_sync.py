"""Programs that mirror mailboxes: mbsync both ways, offlineimap3, getmail6, fetchmail."""

import os
import pwd
from pathlib import Path

import pytest
from tests.harness.server import PASSWORD, Server
from tests.interop.conftest import Far, deliver, message, program, run, subjects

pytestmark = pytest.mark.interop


def home(folder: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(folder)}


def unprivileged(folder: Path) -> list[str]:
    """How to run a program that refuses to deliver as root; gives it ``folder``."""
    if os.getuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


def test_mbsync_both_ways(server: Server, far: Far, folder: Path) -> None:
    mbsync = program("mbsync", "isync")
    deliver(server, "to be mirrored", "user7@example.test")
    maildir = folder / "mail"
    maildir.mkdir()
    rc = folder / "mbsyncrc"
    rc.write_text(
        f"IMAPStore far\nHost 127.0.0.1\nPort {far('user7@example.test')['imap']}\nUser user7@example.test\nPass \"{PASSWORD}\"\n"
        "SSLType None\nAuthMechs LOGIN\n\n"
        f"MaildirStore near\nPath {maildir}/\nInbox {maildir}/INBOX\nSubFolders Verbatim\n\n"
        "Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\nSync All\nSyncState *\n"
    )
    run(mbsync, "-c", str(rc), "all", env=home(folder))
    new = [path for path in (maildir / "INBOX").rglob("*") if path.is_file() and b"to be mirrored" in path.read_bytes()]
    assert len(new) == 1
    mine = message("made here", to="user7@example.test").as_bytes()
    (maildir / "INBOX" / "new" / "1.local").write_bytes(mine)
    seen = maildir / "INBOX" / "cur" / (new[0].name.split(":")[0] + ":2,FS")
    new[0].rename(seen)
    (maildir / "Made Here").mkdir()
    for name in ("cur", "new", "tmp"):
        (maildir / "Made Here" / name).mkdir()
    (maildir / "Made Here" / "new" / "2.local").write_bytes(mine)
    run(mbsync, "-c", str(rc), "all", env=home(folder))
    assert sorted(subjects(server, "user7@example.test")) == ["made here", "to be mirrored"]
    assert subjects(server, "user7@example.test", '"Made Here"') == ["made here"]
    run(mbsync, "-c", str(rc), "all", env=home(folder))
    assert sorted(subjects(server, "user7@example.test")) == ["made here", "to be mirrored"]


def test_offlineimap(server: Server, far: Far, folder: Path) -> None:
    offlineimap = program("offlineimap", "offlineimap3")
    deliver(server, "offline", "bob@example.test")
    rc = folder / "offlineimaprc"
    rc.write_text(
        f"[general]\naccounts = a\nmetadata = {folder}/meta\nui = basic\n[Account a]\nlocalrepository = l\nremoterepository = r\n"
        f"[Repository l]\ntype = Maildir\nlocalfolders = {folder}/mail\n"
        f"[Repository r]\ntype = IMAP\nremotehost = 127.0.0.1\nremoteport = {far('bob@example.test')['imap']}\nssl = no\nstarttls = no\n"
        f"remoteuser = bob@example.test\nremotepass = {PASSWORD}\nauth_mechanisms = PLAIN\n"
    )
    for _ in range(2):
        run(offlineimap, "-c", str(rc), "-o", env=home(folder), timeout_s=120)
    found = [path for path in (folder / "mail" / "INBOX").rglob("*") if path.is_file() and b"offline" in path.read_bytes()]
    assert len(found) == 1


def test_getmail(server: Server, far: Far, open_folder: Path) -> None:
    getmail = program("getmail", "getmail6")
    folder = open_folder
    deliver(server, "got", "bob@example.test")
    for name in ("cur", "new", "tmp"):
        (folder / "box" / name).mkdir(parents=True)
    rc = folder / "getmailrc"
    rc.write_text(
        f"[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\nport = {far('bob@example.test')['pop3']}\nusername = bob@example.test\n"
        f"password = {PASSWORD}\n[destination]\ntype = Maildir\npath = {folder}/box/\n[options]\nread_all = false\n"
    )
    as_whom = unprivileged(folder)
    run(*as_whom, getmail, "--getmaildir", str(folder), "--rcfile", str(rc), env=home(folder))
    first = len(list((folder / "box" / "new").iterdir()))
    assert first >= 1
    run(*as_whom, getmail, "--getmaildir", str(folder), "--rcfile", str(rc), env=home(folder))
    assert len(list((folder / "box" / "new").iterdir())) == first


@pytest.mark.parametrize("protocol", ["pop3", "imap"])
def test_fetchmail(server: Server, far: Far, folder: Path, protocol: str) -> None:
    fetchmail = program("fetchmail", "fetchmail")
    deliver(server, f"fetched {protocol}", "alice@example.test")
    rc = folder / "fetchmailrc"
    rc.write_text(
        f"poll 127.0.0.1 port {far('alice@example.test')[protocol]} protocol {protocol} user alice@example.test password \"{PASSWORD}\"\n"
        f"  fetchall no rewrite sslproto '' mda \"tee -a {folder}/box > /dev/null\"\n"
    )
    rc.chmod(0o600)
    run(fetchmail, "-f", str(rc), "--nosyslog", "--idfile", str(folder / "ids"), "--pidfile", str(folder / "pid"),
        env={**home(folder), "FETCHMAILHOME": str(folder)})
    assert f"fetched {protocol}" in (folder / "box").read_text()
    assert f"fetched {protocol}" not in subjects(server, "alice@example.test")
