"""``mailstead backup``"""

from pathlib import Path

import click

from mailstead.app.cli.session import data_option, perform


@click.command(epilog="Example: mailstead backup /backup/2026-11-24 --data /var/lib/mailstead")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--with-keys", is_flag=True, help="Put the keys in too: whoever has the copy can read the mail.")
@data_option
def command(target: Path, with_keys: bool, data: Path) -> None:
    """Copy everything to TARGET, a new directory, also while the server runs. The copy is a data directory itself."""
    perform(data, "backup", target=str(target.resolve()), with_keys=with_keys)
    click.echo(f"The backup is in {target}." + ("" if with_keys else " The keys are not: without keys.db and keys/master.key it is noise."))
