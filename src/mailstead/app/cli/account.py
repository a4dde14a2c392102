"""``mailstead account``"""

import csv
from pathlib import Path
from typing import Any

import click

from mailstead.app.cli.session import (
    data_option,
    fail,
    json_option,
    octets,
    parse_size,
    password_option,
    perform,
    read_password,
    show_fields,
    show_json,
    show_rows,
)  # fmt: skip

CHUNK = 500
COLUMNS = (("address", "ADDRESS"), ("name", "NAME"), ("state", "STATE"), ("quota_text", "QUOTA"), ("is_admin", "ADMIN"))


@click.group()
def command() -> None:
    """Accounts.

    \b
    Example: echo "$PASSWORD" | mailstead account add alice@example.org --password-stdin
    """


@command.command(epilog="Example: mailstead account add --from accounts.csv")
@click.argument("address", required=False)
@click.option("--from", "source", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.csv",
              help="Many at once: address,password[,quota][,name] per line.")  # fmt: skip
@click.option("--name", default="", help="The person's name.")
@click.option("--quota", help="Room for mail, such as “2 GiB” (default: no limit).")
@click.option("--admin", is_flag=True, help="May administer the site.")
@password_option
@data_option
def add(address: str | None, source: Path | None, name: str, quota: str | None, admin: bool, password_stdin: bool, data: Path) -> None:
    """Add an account, or with --from many."""
    if (address is None) == (source is None):
        raise click.UsageError("give either an address or --from FILE.csv.")
    if source is not None:
        _add_many(data, source)
        return
    password = read_password(from_stdin=password_stdin)
    perform(data, "account_add", address=address, password=password, name=name, quota=parse_size(quota) or 0, admin=admin)
    click.echo(f"{address} is there.")


def _add_many(data: Path, source: Path) -> None:
    rows: list[list[Any]] = []
    try:
        lines = list(csv.reader(source.read_text("utf-8-sig").splitlines(keepends=True)))
    except OSError as exc:
        fail(f"{source} cannot be read: {exc.strerror}")
    except UnicodeDecodeError:
        fail(f"{source} is not in UTF-8; save it so, as CSV with commas.")
    except csv.Error as exc:
        fail(f"{source} is no CSV file: {exc}.")
    for number, row in enumerate(lines, 1):
        if not row or not row[0].strip() or (number == 1 and row[0].strip().lower() == "address"):
            continue
        if len(row) < 2 or "@" not in row[0]:
            fail(f"{source}, line {number}: must be address,password[,quota][,name].")
        try:
            quota = parse_size(row[2].strip()) if len(row) > 2 and row[2].strip() else 0
        except click.BadParameter as exc:
            fail(f"{source}, line {number}: {exc.message}.")
        rows.append([row[0].strip(), row[1], quota or 0, row[3].strip() if len(row) > 3 else ""])
    result = perform(data, "accounts_add", rows=rows)
    count = len(result) if isinstance(result, list) else result.get("added", len(rows))
    click.echo(f"{count} accounts are there.")


@command.command("list", epilog="Example: mailstead account list --domain example.org --json")
@click.option("--domain", default="", help="Only of this domain.")
@json_option
@data_option
def list_(domain: str, as_json: bool, data: Path) -> None:
    """List accounts."""
    rows = perform(data, "account_list", domain=domain)
    show_rows(rows if as_json else [_texts(row) for row in rows], COLUMNS, as_json=as_json, empty="There are no accounts yet.")


@command.command(epilog="Example: mailstead account show alice@example.org")
@click.argument("address")
@json_option
@data_option
def show(address: str, as_json: bool, data: Path) -> None:
    """Show one account: state, room used, addresses."""
    row = perform(data, "account_show", address=address)
    if as_json:
        show_json(row)
    else:
        show_fields(_shown(row))


@command.command("set-password", epilog="Example: mailstead account set-password alice@example.org")
@click.argument("address")
@password_option
@data_option
def set_password(address: str, password_stdin: bool, data: Path) -> None:
    """Give an account a new password."""
    perform(data, "account_set_password", address=address, password=read_password(from_stdin=password_stdin))
    click.echo(f"{address} has a new password.")


@command.command(epilog="Example: mailstead account quota alice@example.org “5 GiB”")
@click.argument("address")
@click.argument("room")
@data_option
def quota(address: str, room: str, data: Path) -> None:
    """Limit the room for an account's mail; ROOM is a size or “none”."""
    limit = parse_size(room) or 0
    perform(data, "account_quota", address=address, quota=limit)
    click.echo(f"{address} has room for {octets(limit)}." if limit else f"{address} has no limit.")


@command.command(epilog="Example: mailstead account suspend alice@example.org")
@click.argument("address")
@data_option
def suspend(address: str, data: Path) -> None:
    """No login, no new mail; nothing is deleted."""
    perform(data, "account_suspend", address=address)
    click.echo(f"{address} is suspended.")


@command.command(epilog="Example: mailstead account resume alice@example.org")
@click.argument("address")
@data_option
def resume(address: str, data: Path) -> None:
    """End a suspension, or a deletion that is not due yet."""
    perform(data, "account_resume", address=address)
    click.echo(f"{address} is active.")


@command.command(epilog="Example: mailstead account delete alice@example.org --now")
@click.argument("address")
@click.option("--now", is_flag=True, help="At once and for good, without the 30 days in which “resume” helps.")
@data_option
def delete(address: str, now: bool, data: Path) -> None:
    """Delete an account and its mail, after 30 days or --now."""
    perform(data, "account_delete", address=address, now=now)
    click.echo(f"{address} is deleted for good." if now else f"{address} will be deleted in 30 days; “account resume” brings it back.")


def _texts(row: dict[str, Any]) -> dict[str, Any]:
    limit = int(row.get("quota") or row.get("max_octets") or 0)
    return {**row, "quota_text": octets(limit) if limit else "none"}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """As people read it: sizes with units, times as dates, zeros as words."""
    from datetime import UTC, datetime

    shown: dict[str, Any] = {}
    for key, value in row.items():
        if key.endswith("_ms"):
            if value:
                shown[key.removesuffix("_ms")] = datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        elif key == "quota":
            shown[key] = octets(value) if value else "none"
        elif key == "used_octets":
            shown["used"] = octets(value)
        elif value not in (0, "", [], None):
            shown[key] = value
    return shown


@command.group("app-password")
def app_password() -> None:
    """Passwords for single programs.

    \b
    Example: mailstead account app-password add alice@example.org phone
    """


@app_password.command("add", epilog="Example: mailstead account app-password add alice@example.org phone")
@click.argument("address")
@click.argument("label")
@json_option
@data_option
def app_password_add(address: str, label: str, as_json: bool, data: Path) -> None:
    """Make one, and show it once."""
    row = perform(data, "app_password_add", address=address, label=label)
    if as_json:
        show_json(row)
    else:
        click.echo(f"{row['password']}\nThis is shown once; it opens {address} for the program “{label}”.")


@app_password.command("list", epilog="Example: mailstead account app-password list alice@example.org")
@click.argument("address")
@json_option
@data_option
def app_password_list(address: str, as_json: bool, data: Path) -> None:
    """List them, by label."""
    rows = perform(data, "app_password_list", address=address)
    show_rows(rows if as_json else [_shown(row) for row in rows], (("label", "LABEL"), ("created_at", "MADE")),
              as_json=as_json, empty=f"{address} has no app passwords.")  # fmt: skip


@app_password.command("delete", epilog="Example: mailstead account app-password delete alice@example.org phone")
@click.argument("address")
@click.argument("label")
@data_option
def app_password_delete(address: str, label: str, data: Path) -> None:
    """Take one back; the program it was for is out at once."""
    perform(data, "app_password_delete", address=address, label=label)
    click.echo(f"“{label}” opens {address} no more.")
