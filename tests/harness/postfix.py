"""A Postfix of its own on loopback that takes mail for one domain into Maildir folders. Needs root, as its master does."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file_prefixes = {folder}
maillog_file = {folder}/postfix.log
myhostname = mx.{domain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.255.255.255/32
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
alias_maps =
alias_database =
smtpd_recipient_restrictions = reject_unauth_destination
smtp_tls_security_level = none
process_id_directory = pid
"""


def missing() -> str:
    """What keeps a Postfix from running here; empty: nothing."""
    if shutil.which("postfix", path="/usr/sbin:/usr/bin") is None:
        return "needs postfix: apt-get install postfix"
    return "needs root to run postfix" if os.geteuid() else ""


@contextmanager
def running(folder: Path, address: str, port: int, domain: str) -> Iterator[Path]:
    """The folder where messages are found, a file each. ``folder`` must be one that other users can reach."""
    for name in ("etc", "queue", "data", "mail"):
        (folder / name).mkdir(parents=True)
    shutil.chown(folder / "data", "postfix")
    os.chown(folder / "mail", 65534, 65534)
    (folder / "etc" / "main.cf").write_text(_MAIN.format(folder=folder, domain=domain))
    proto = Path("/etc/postfix/master.cf.proto")
    lines = (proto if proto.exists() else Path("/etc/postfix/master.cf")).read_text().splitlines()
    lines = [f"{address}:{port} inet n - n - - smtpd" if line.split()[:2] == ["smtp", "inet"] else line for line in lines if not line.startswith("#")]
    words = (line.split() for line in lines)
    # Not in a changed root: the folder has none of what that would need.
    (folder / "etc" / "master.cf").write_text("\n".join(
        " ".join([*each[:4], "n", *each[5:]]) if len(each) > 7 and each[1] in {"inet", "unix", "fifo", "pass", "unix-dgram"} else line
        for line, each in zip(lines, words, strict=True)
    ) + "\n")  # fmt: skip
    postfix = [shutil.which("postfix", path="/usr/sbin:/usr/bin") or "postfix", "-c", str(folder / "etc")]
    done = subprocess.run([*postfix, "start"], capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{done.stdout}{done.stderr}{(folder / 'postfix.log').read_text() if (folder / 'postfix.log').exists() else ''}"
        raise AssertionError(message)
    try:
        yield folder / "mail"
    finally:
        subprocess.run([*postfix, "stop"], capture_output=True, check=False)


def messages(mail: Path) -> list[bytes]:
    """All that has arrived."""
    return [path.read_bytes() for path in mail.rglob("new/*")]
