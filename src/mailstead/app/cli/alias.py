"""``mailstead alias``"""

from pathlib import Path

import click

from mailstead.app.cli.session import data_option, json_option, perform, show_rows


@click.group()
def command() -> None:
    """Further addresses.

    \b
    Example: mailstead alias add sales@example.org alice@example.org
    """


@command.command(epilog="Example: mailstead alias add sales@example.org alice@example.org")
@click.argument("address")
@click.argument("target")
@data_option
def add(address: str, target: str, data: Path) -> None:
    """Mail for ADDRESS goes to TARGET, here or elsewhere."""
    row = perform(data, "alias_add", address=address, target=target)
    click.echo(f"{address} leads to {target}.")
    if row["is_dead"]:
        click.echo(f"Nobody has the address {target} yet: mail for {address} is refused until somebody does.")


@command.command("list", epilog="Example: mailstead alias list --json")
@click.option("--domain", default="", help="Only of this domain.")
@json_option
@data_option
def list_(domain: str, as_json: bool, data: Path) -> None:
    """List aliases."""
    rows = perform(data, "alias_list", domain=domain)
    show_rows(rows, (("address", "ADDRESS"), ("target", "LEADS TO")), as_json=as_json, empty="There are no aliases.")


@command.command(epilog="Example: mailstead alias delete sales@example.org")
@click.argument("address")
@data_option
def delete(address: str, data: Path) -> None:
    """Delete an alias."""
    perform(data, "alias_delete", address=address)
    click.echo(f"{address} is gone.")
