"""``mailstead suppression``"""

import time
from pathlib import Path
from typing import Any

import click

from mailstead.app.cli.session import data_option, json_option, perform, show_fields, show_json, show_rows


@click.group()
def command() -> None:
    """Addresses to which nothing is sent, because mail to them bounced or was complained about.

    \b
    Example: mailstead suppression remove bob@example.org
    """


def _tenant(function: Any) -> Any:
    return click.option("--tenant", default=1, show_default=True, help="Whose list, by its number.")(function)


@command.command("list", epilog="Example: mailstead suppression list --tenant 1 --json")
@click.option("--tenant", type=int, help="Of this tenant only, by its number.")
@click.option("--limit", default=1_000, show_default=True, type=click.IntRange(1, 100_000), help="At most so many.")
@click.option("--after", default="", metavar="TEXT", help='Go on behind this one: "TENANT ADDRESS".')
@json_option
@data_option
def list_(tenant: int | None, limit: int, after: str, as_json: bool, data: Path) -> None:
    """List them."""
    rows = perform(data, "suppression_list", tenant=tenant, limit=limit, after=after)
    columns = (("tenant", "TENANT"), ("address", "ADDRESS"), ("reason", "REASON"), ("since", "SINCE"), ("until", "UNTIL"), ("detail", "WHY"))
    show_rows(rows if as_json else [_shown(row) for row in rows], columns, as_json=as_json, empty="No address is suppressed.")


@command.command(epilog="Example: mailstead suppression show bob@example.org")
@click.argument("address")
@_tenant
@json_option
@data_option
def show(address: str, tenant: int, as_json: bool, data: Path) -> None:
    """Why nothing is sent to ADDRESS."""
    row = perform(data, "suppression_show", address=address, tenant=tenant)
    if as_json:
        show_json(row)
    else:
        show_fields({key: value for key, value in _shown(row).items() if not key.endswith("_ms")})


@command.command(epilog='Example: mailstead suppression add bob@example.org --reason "asked by telephone"')
@click.argument("address")
@click.option("--reason", default="", help="For whoever looks.")
@click.option("--days", default=0, type=click.IntRange(0, 36_500), help="So long; 0: until it is removed.")
@_tenant
@data_option
def add(address: str, reason: str, days: int, tenant: int, data: Path) -> None:
    """Send nothing to ADDRESS."""
    perform(data, "suppression_add", address=address, tenant=tenant, reason=reason, days=days)
    click.echo(f"Nothing is sent to {address} any more.")


@command.command(epilog="Example: mailstead suppression remove bob@example.org")
@click.argument("address")
@_tenant
@data_option
def remove(address: str, tenant: int, data: Path) -> None:
    """Send to ADDRESS again."""
    perform(data, "suppression_remove", address=address, tenant=tenant)
    click.echo(f"Mail goes to {address} again.")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "since": _day(row["created_ms"]), "until": _day(row["expires_ms"]) if row["expires_ms"] else "removed"}


def _day(at_ms: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at_ms / 1000))
