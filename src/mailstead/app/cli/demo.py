"""``mailstead demo``"""

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import click

from mailstead.app.cli.session import fail
from mailstead.model.errors import Refusal, Unavailable

DOMAIN = "example.test"
PEOPLE = (("alice", "Alice Example", False), ("bob", "Bob Example", False), ("carol", "Carol Example", False), ("admin", "Administrator", True))
PORTS = {
    "smtp": 2525, "submission": 2587, "submissions": 2465, "imap": 2143, "imaps": 2993, "pop3": 2110, "pop3s": 2995, "http": 8080,
    "https": 8443, "metrics": 9100,
}  # fmt: skip
WHAT = {
    "smtp": "mail from other servers", "submission": "sending mail, STARTTLS", "submissions": "sending mail, TLS",
    "imap": "reading mail, STARTTLS", "imaps": "reading mail, TLS", "pop3": "fetching mail, STARTTLS",
    "pop3s": "fetching mail, TLS", "http": "http://127.0.0.1:{port} in a browser; JMAP", "https": "the same over TLS",
    "metrics": "http://127.0.0.1:{port}/metrics and /healthz",
}  # fmt: skip


@click.command(epilog="Example: mailstead demo --port-base 10000")
@click.option("--data", envvar="MAILSTEAD_DATA", default="var/demo", show_default=True, metavar="DIR",
              type=click.Path(path_type=Path, file_okay=False), help="Kept, and used again the next time.")  # fmt: skip
@click.option("--port-base", type=click.IntRange(0, 50000), default=0, help="Added to every port.")
@click.option("--workers", type=click.IntRange(1, 256), help="Number of processes (default: as many as there are cores).")
def command(data: Path, port_base: int, workers: int | None) -> None:
    """A complete system on loopback: domain example.test, four accounts, a mailbox with ordinary mail."""
    from mailstead.app.config import FILE_NAME, SettingsError, load
    from mailstead.app.found import FoundError, found
    from mailstead.app.supervise import StartError, Supervisor
    from mailstead.net import run

    passwords = _passwords(data)
    try:
        if not (data / FILE_NAME).exists():
            accounts: list[dict[str, Any]] = [
                {"address": f"{name}@{DOMAIN}", "password": passwords[f"{name}@{DOMAIN}"], "name": full, "quota": 0, "admin": is_admin}
                for name, full, is_admin in PEOPLE
            ]
            click.echo(f"Making the demo in {data} …")
            run(lambda: found(
                data, hostname=f"mail.{DOMAIN}", domain=DOMAIN, accounts=accounts, cleartext=True,
                sample_for=f"alice@{DOMAIN}",
                tables='[limits]\ndisk_reserve = "64 MiB"\n',
            ))  # fmt: skip
        for service, port in PORTS.items():
            os.environ[f"MAILSTEAD_LISTEN__{service.upper()}"] = f"127.0.0.1:{port + port_base}"
        settings = load(data / FILE_NAME)
        count = workers or settings.workers or min(4, os.cpu_count() or 1)
        supervisor = Supervisor(
            data.resolve(), (data / FILE_NAME).resolve(), settings, count, on_ready=lambda: _show(data, passwords, port_base)
        )
        sys.exit(supervisor.run())
    except (FoundError, SettingsError, StartError) as exc:
        fail(str(exc))
    except Refusal as exc:
        fail(exc.public)
    except Unavailable as exc:
        fail(exc.cause or exc.public)
    except OSError as exc:
        fail(f"cannot start: {exc}.")


def _passwords(data: Path) -> dict[str, str]:
    file = data / "demo.json"
    if file.exists():
        known: dict[str, str] = json.loads(file.read_text())["passwords"]
        return known
    made = {f"{name}@{DOMAIN}": secrets.token_urlsafe(9) for name, _, _ in PEOPLE}
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump({"passwords": made}, out, indent=2)
    return made


def _show(data: Path, passwords: dict[str, str], port_base: int) -> None:
    lines = ["", f"Mailstead demo, kept in {data}", "", "  account              password"]
    lines += [f"  {address:<20} {password}" for address, password in passwords.items()]
    lines += ["", "  service      address            what for"]
    for service, port in PORTS.items():
        port += port_base
        lines.append(f"  {service:<12} {f'127.0.0.1:{port}':<18} {WHAT[service].format(port=port)}")
    lines += ["", f"  certificate  {data / 'tls' / 'self-signed.pem'} (self-signed); without TLS you may log in from this machine only", ""]
    click.echo("\n".join(lines))
