"""``mailstead restore``"""

from pathlib import Path

import click

from mailstead.app.cli.session import data_option, fail, is_data_directory
from mailstead.model.errors import Refusal, Unavailable


@click.command(epilog="Example: mailstead restore /backup/2026-11-24 --data /var/lib/mailstead --keys /safe/today")
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--keys", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
              help="A folder with keys.db and keys/master.key, where the backup has none.")  # fmt: skip
@data_option
def command(source: Path, keys: Path | None, data: Path) -> None:
    """Make a data directory from the backup SOURCE. Clients see every mailbox as new (UIDVALIDITY, JMAP state)."""
    from mailstead.app.restoring import restore
    from mailstead.net import run

    if is_data_directory(data) or (data.exists() and any(data.iterdir())):
        fail(f"{data} is not empty; give a new directory, or move the present one away first.")
    try:
        run(lambda: restore(source, data, keys))
    except Refusal as exc:
        fail(exc.public)
    except Unavailable as exc:
        fail(exc.cause or exc.public)
    except OSError as exc:
        fail(f"cannot restore: {exc}.")
    click.echo(f"{data} is restored; check it with “mailstead verify --data {data}”, then start it.")
