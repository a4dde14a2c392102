"""``mailstead group``"""

from pathlib import Path

import click

from mailstead.app.cli.session import data_option, json_option, perform, show_rows


@click.group()
def command() -> None:
    """Addresses that lead to many.

    \b
    Example: mailstead group set team@example.org alice@example.org bob@example.org
    """


@command.command("set", epilog="Example: mailstead group set team@example.org alice@example.org bob@example.org")
@click.argument("address")
@click.argument("members", nargs=-1, required=True)
@data_option
def set_(address: str, members: tuple[str, ...], data: Path) -> None:
    """Make a group, or give it other members."""
    perform(data, "group_set", address=address, members=list(members))
    click.echo(f"{address} leads to {len(members)} members.")


@command.command("list", epilog="Example: mailstead group list --json")
@json_option
@data_option
def list_(as_json: bool, data: Path) -> None:
    """List groups."""
    rows = perform(data, "group_list")
    show_rows(rows, (("address", "ADDRESS"), ("members", "MEMBERS")), as_json=as_json, empty="There are no groups.")


@command.command(epilog="Example: mailstead group delete team@example.org")
@click.argument("address")
@data_option
def delete(address: str, data: Path) -> None:
    """Delete a group; its members stay."""
    perform(data, "group_delete", address=address)
    click.echo(f"{address} is gone.")
