"""``mailstead domain``"""

from pathlib import Path

import click

from mailstead.app.cli.session import data_option, json_option, perform, show_rows


@click.group()
def command() -> None:
    """Mail domains.

    \b
    Example: mailstead domain add example.org
    """


@command.command(epilog="Example: mailstead domain add example.org --tenant “Example Ltd”")
@click.argument("name")
@click.option("--tenant", default="", help="The tenant it belongs to, by name (default: the first one).")
@data_option
def add(name: str, tenant: str, data: Path) -> None:
    """Add a domain."""
    perform(data, "domain_add", name=name, tenant=tenant)
    click.echo(f"{name} is there.")


@command.command("list", epilog="Example: mailstead domain list --json")
@json_option
@data_option
def list_(as_json: bool, data: Path) -> None:
    """List domains."""
    rows = perform(data, "domain_list")
    columns = (("name", "DOMAIN"), ("tenant", "TENANT"), ("catch_all", "CATCH-ALL"))
    show_rows(rows, columns, as_json=as_json, empty="There are no domains.")


@command.command("set", epilog="Example: mailstead domain set example.org --catch-all postmaster@example.org")
@click.argument("name")
@click.option("--catch-all", required=True, help="Where mail for unknown addresses goes; empty: refused.")
@data_option
def set_(name: str, catch_all: str, data: Path) -> None:
    """Change a domain."""
    perform(data, "domain_set", name=name, catch_all=catch_all)
    click.echo(f"Unknown addresses of {name} go to {catch_all}." if catch_all else f"Unknown addresses of {name} are refused.")
