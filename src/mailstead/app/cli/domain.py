"""``mailstead domain``"""

import time
from pathlib import Path
from typing import Any

import click

from mailstead.app.cli.session import data_option, json_option, perform, show_json, show_rows


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


@command.command(epilog="Example: mailstead domain dns example.org")
@click.argument("name")
@json_option
@data_option
def dns(name: str, as_json: bool, data: Path) -> None:
    """Print the DNS records that the domain needs, as a zone file holds them."""
    rows = perform(data, "domain_dns", name=name)
    if as_json:
        show_json(rows)
        return
    for row in rows:
        click.echo(f"; {row['why']}\n{row['line']}")


@command.command(epilog="Example: mailstead domain check example.org")
@click.argument("name")
@json_option
@data_option
def check(name: str, as_json: bool, data: Path) -> None:
    """Look the domain's DNS records up and say what is wrong and how to mend it.

    Signing keys whose records are there begin to sign. Exit code 1 when something is bad.
    """
    rows = perform(data, "domain_check", name=name)
    if as_json:
        show_json(rows)
    else:
        width = max(len(row["what"]) for row in rows)
        for row in rows:
            click.echo(f"{_MARKS[row['verdict']]} {row['what']:<{width}}  {row['found']}")
            if row["fix"] and row["verdict"] != "good":
                click.echo(f"  {'':<{width}}  → {row['fix']}")
    if any(row["verdict"] == "bad" for row in rows):
        raise SystemExit(1)


@command.command(epilog="Example: mailstead domain keys example.org")
@click.argument("name")
@json_option
@data_option
def keys(name: str, as_json: bool, data: Path) -> None:
    """List the keys that sign the domain's mail."""
    _show_keys(perform(data, "domain_keys", name=name), as_json=as_json)


@command.command(epilog="Example: mailstead domain rotate example.org")
@click.argument("name")
@json_option
@data_option
def rotate(name: str, as_json: bool, data: Path) -> None:
    """Make new signing keys; they take over when their records are in the DNS."""
    _show_keys(perform(data, "domain_rotate", name=name), as_json=as_json)
    if not as_json:
        click.echo(f"Publish what “mailstead domain dns {name}” prints; the new keys sign as soon as they are seen there.")


@command.command("use-key", epilog="Example: mailstead domain use-key example.org e202611")
@click.argument("name")
@click.argument("selector")
@data_option
def use_key(name: str, selector: str, data: Path) -> None:
    """Sign with a key from now on, though its record is not seen from here."""
    perform(data, "domain_key_use", name=name, selector=selector)
    click.echo(f"{selector} signs for {name} now.")


_MARKS = {"good": "✓", "warning": "!", "bad": "✗", "unknown": "?"}


def _show_keys(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    for row in rows if not as_json else ():
        row["since"] = time.strftime("%Y-%m-%d", time.localtime(row["changed_at_ms"] / 1000))
    columns = (("selector", "SELECTOR"), ("kind", "KIND"), ("state", "STATE"), ("since", "SINCE"))
    show_rows(rows, columns, as_json=as_json, empty="There are no keys; make some with: mailstead domain rotate")


@command.command("set", epilog="Example: mailstead domain set example.org --catch-all postmaster@example.org")
@click.argument("name")
@click.option("--catch-all", required=True, help="Where mail for unknown addresses goes; empty: refused.")
@data_option
def set_(name: str, catch_all: str, data: Path) -> None:
    """Change a domain."""
    perform(data, "domain_set", name=name, catch_all=catch_all)
    click.echo(f"Unknown addresses of {name} go to {catch_all}." if catch_all else f"Unknown addresses of {name} are refused.")


@command.command("tls-reports", epilog="Example: mailstead domain tls-reports example.org --days 7")
@click.argument("name", required=False, default="")
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 90), help="Those that came in so many days.")
@json_option
@data_option
def tls_reports(name: str, days: int, as_json: bool, data: Path) -> None:
    """What other servers report about TLS with our domains (RFC 8460)."""
    rows = perform(data, "tls_heard", domain=name, days=days)
    columns = (("at", "CAME"), ("domain", "DOMAIN"), ("organization", "FROM"), ("policy", "POLICY"), ("good", "GOOD"), ("bad", "FAILED"), ("why", "WHY"))
    for row in rows if not as_json else ():
        row["at"] = str(row["at"])[:16].replace("T", " ")
        row["why"] = "; ".join(f"{one['count']} × {one['result']} at {one['hop'] or '?'}" for one in row["failures"][:3])
    show_rows(rows, columns, as_json=as_json, empty="No reports came.")
