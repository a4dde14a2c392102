"""``mailstead verify``"""

import sys
from pathlib import Path

import click

from mailstead.app.cli.session import data_option, json_option, perform, show_json


@click.command(epilog="Example: mailstead verify --data /var/lib/mailstead")
@click.option("--repair", is_flag=True, help="Mend what can be mended, and say what was lost.")
@json_option
@data_option
def command(repair: bool, as_json: bool, data: Path) -> None:
    """Check every checksum and every invariant. Exit code 1 when something is wrong."""
    result = perform(data, "verify", repair=repair)
    findings = result["findings"]
    if as_json:
        show_json(result)
    else:
        for finding in findings:
            click.echo(finding)
        click.echo("Nothing is wrong." if not findings else f"{len(findings)} findings.", err=bool(findings))
    sys.exit(1 if findings and not repair else 0)
