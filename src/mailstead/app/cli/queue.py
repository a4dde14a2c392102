"""``mailstead queue``"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import click

from mailstead.app.cli.session import (
    data_option,
    json_option,
    password_option,
    perform,
    read_password,
    show_fields,
    show_json,
    show_rows,
)

F = TypeVar("F", bound=Callable[..., Any])
_USER: Final = re.compile(r"(?:[a-z]+://)?(?P<user>[^:@/\s]+)(?::(?P<password>[^/\s]*))?@", re.IGNORECASE)


@click.group()
def command() -> None:
    """Mail on its way to other servers.

    \b
    Example: mailstead queue list --domain example.com
    """


_tenant: Final = click.option("--tenant", type=int, help="Only of this tenant's mail, by its number.")


def _meant(function: F) -> F:
    """Which entries: ids, or by recipient's domain, sender and tenant."""
    for option in (
        _tenant,
        click.option("--all", "everything", is_flag=True, help="Everything in the queue."),
        click.option("--sender", default="", metavar="ADDRESS", help="Only from this sender."),
        click.option("--domain", default="", help="Only to recipients of this domain."),
        click.argument("ids", nargs=-1, metavar="[ID]..."),
    ):
        function = option(function)
    return function


@command.command("list", epilog="Example: mailstead queue list --domain example.com --state held")
@click.option("--domain", default="", help="Only to recipients of this domain.")
@click.option("--sender", default="", metavar="ADDRESS", help="Only from this sender.")
@_tenant
@click.option("--state", type=click.Choice(["waiting", "held"]), help="Only in this state.")
@click.option("--limit", default=1_000, show_default=True, type=click.IntRange(1, 1_000_000), help="At most so many.")
@json_option
@data_option
def list_(domain: str, sender: str, tenant: int | None, state: str | None, limit: int, as_json: bool, data: Path) -> None:
    """List what waits: one line a recipient."""
    rows = perform(data, "queue_list", domain=domain, sender=sender, state=state or "", limit=limit, tenant=tenant)
    for row in rows if not as_json else ():
        row["next"] = "held" if row["state"] == "held" else _when(row["due_ms"])
        row["age"] = _span(time.time() * 1000 - row["created_ms"])
    columns = (
        ("id", "ID"), ("age", "AGE"), ("sender", "SENDER"), ("recipient", "RECIPIENT"), ("attempts", "TRIES"), ("next", "NEXT"),
        ("last_error", "LAST ANSWER"),
    )
    show_rows(rows, columns, as_json=as_json, empty="The queue is empty.")


@command.command(epilog="Example: mailstead queue show S0123456789ab")
@click.argument("id")
@json_option
@data_option
def show(id: str, as_json: bool, data: Path) -> None:  # noqa: A002 - the argument's name
    """Show one message and its recipients."""
    row = perform(data, "queue_show", id=id)
    if as_json:
        show_json(row)
        return
    recipients = row.pop("recipients")
    show_fields({**row, "created_ms": _stamp(row["created_ms"]), "expires_ms": _stamp(row["expires_ms"])})
    for each in recipients:
        answer = each["last_error"] or "not tried yet"
        state = "held" if each["state"] == "held" else _when(each["due_ms"])
        click.echo(f"\n{each['recipient']}  ({each['attempts']} tries, next: {state})\n  {answer}")


@command.command(epilog="Example: mailstead queue retry --domain example.com")
@_meant
@data_option
def retry(ids: tuple[str, ...], domain: str, sender: str, everything: bool, tenant: int | None, data: Path) -> None:
    """Try at once. Destinations that are put off are tried too, unless --tenant is given: they are everybody's."""
    _act(data, "queue_retry", "{} recipients are tried now.", ids, domain, sender, everything, tenant)


@command.command(epilog="Example: mailstead queue hold --sender alice@example.org")
@_meant
@data_option
def hold(ids: tuple[str, ...], domain: str, sender: str, everything: bool, tenant: int | None, data: Path) -> None:
    """Do not try until released. The time until a message is given up runs on."""
    _act(data, "queue_hold", "{} recipients are held.", ids, domain, sender, everything, tenant)


@command.command(epilog="Example: mailstead queue release --all")
@_meant
@data_option
def release(ids: tuple[str, ...], domain: str, sender: str, everything: bool, tenant: int | None, data: Path) -> None:
    """Let go what is held."""
    _act(data, "queue_release", "{} recipients are released.", ids, domain, sender, everything, tenant)


@command.command(epilog="Example: mailstead queue delete S0123456789ab")
@_meant
@data_option
def delete(ids: tuple[str, ...], domain: str, sender: str, everything: bool, tenant: int | None, data: Path) -> None:
    """Take out of the queue. Nobody is told: the author gets no bounce."""
    _act(data, "queue_delete", "{} recipients are taken out.", ids, domain, sender, everything, tenant)


@command.command(epilog="Example: mailstead queue reroute --domain example.com --to relay.example.net:25")
@click.option("--to", default="", metavar="SERVER", help='"host:port", "smtps://user@host" or "lmtp://host:24"; empty: the usual way.')
@password_option
@_meant
@data_option
def reroute(to: str, password_stdin: bool, ids: tuple[str, ...], domain: str, sender: str, everything: bool, tenant: int | None, data: Path) -> None:
    """Send by another server. The password of "user@" is asked for, or read with --password-stdin."""
    found = _USER.match(to)
    if found is not None and found["password"]:
        raise click.UsageError("a password does not belong on the command line; write smtps://user@host and add --password-stdin")
    if found is not None:
        to = f"{to[: found.end('user')]}:{quote(read_password(from_stdin=password_stdin, is_new=False), safe='')}{to[found.end('user') :]}"
    _act(data, "queue_reroute", "{} recipients are sent another way.", ids, domain, sender, everything, tenant, to=to)


@command.command(epilog="Example: mailstead queue sites")
@json_option
@data_option
def sites(as_json: bool, data: Path) -> None:
    """List destinations that are put off as a whole, with the reason."""
    rows = [row for row in perform(data, "queue_sites") if as_json or row["until_ms"] > time.time() * 1000]
    for row in rows if not as_json else ():
        row["next"] = _when(row["until_ms"])
    columns = (("site", "SERVERS"), ("failures", "FAILURES"), ("next", "NEXT TRY"), ("reason", "REASON"))
    show_rows(rows, columns, as_json=as_json, empty="No destination is put off.")


def _act(data: Path, name: str, sentence: str, ids: tuple[str, ...], domain: str, sender: str, everything: bool, tenant: int | None, **more: str) -> None:
    is_whole_tenant = tenant is not None and not (ids or domain or sender)
    result = perform(data, name, ids=list(ids), domain=domain, sender=sender, all=everything or is_whole_tenant, tenant=tenant, **more)
    text = sentence.format(result["entries"])
    click.echo(text.replace("recipients are", "recipient is") if result["entries"] == 1 else text)


def _when(due_ms: int) -> str:
    wait = due_ms - time.time() * 1000
    return "now" if wait <= 0 else f"in {_span(wait)}"


def _span(milliseconds: float) -> str:
    seconds = max(0, round(milliseconds / 1000))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _stamp(at_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at_ms / 1000))
