"""``mailstead tenant``"""

from pathlib import Path

import click

from mailstead.app.cli.session import data_option, json_option, parse_size, perform, show_rows


@click.group()
def command() -> None:
    """Customers of the site.

    \b
    Example: mailstead tenant add "Example Ltd" --accounts 100
    """


@command.command(epilog='Example: mailstead tenant add "Example Ltd" --accounts 100 --room "500 GiB"')
@click.argument("name")
@click.option("--accounts", type=click.IntRange(0), default=0, help="At most so many accounts (default: no limit).")
@click.option("--room", help="At most so much mail, such as “500 GiB” (default: no limit).")
@data_option
def add(name: str, accounts: int, room: str | None, data: Path) -> None:
    """Add a tenant."""
    perform(data, "tenant_add", name=name, max_accounts=accounts, max_octets=parse_size(room) or 0)
    click.echo(f"{name} is there.")


@command.command("list", epilog="Example: mailstead tenant list --json")
@json_option
@data_option
def list_(as_json: bool, data: Path) -> None:
    """List tenants."""
    rows = perform(data, "tenant_list")
    columns = (("tenant_id", "ID"), ("name", "NAME"), ("max_accounts", "ACCOUNTS"), ("max_octets", "OCTETS"))
    show_rows(rows, columns, as_json=as_json, empty="There are no tenants.")
