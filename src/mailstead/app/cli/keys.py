"""``mailstead keys``"""

from pathlib import Path

import click

from mailstead.app.cli.session import data_option, perform


@click.group()
def command() -> None:
    """The key that seals the accounts' keys.

    \b
    Example: mailstead keys rotate
    """


@command.command(epilog="Example: mailstead keys rotate --data /var/lib/mailstead")
@data_option
def rotate(data: Path) -> None:
    """Make a new master key and seal every account's key by it. The old one is forgotten: backups made before still need it."""
    result = perform(data, "keys_rotate")
    click.echo(f"{result['accounts']} account keys are sealed by the new master key. Keep a copy of it apart from the data.")
