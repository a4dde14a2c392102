"""``mailstead export``"""

from pathlib import Path

import click

from mailstead.app.cli.session import data_option, json_option, perform, show_json


@click.command(epilog="Example: mailstead export alice@example.org ~/alice-maildir")
@click.argument("address")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["maildir", "mbox"]), default="maildir", show_default=True,
              help="Maildir with flags, or mboxrd, one file per mailbox.")  # fmt: skip
@click.option("--mailbox", default="", help="Only this one.")
@json_option
@data_option
def command(address: str, path: Path, form: str, mailbox: str, as_json: bool, data: Path) -> None:
    """Write an account's mail to PATH, a new folder."""
    result = perform(data, "export", address=address, path=str(path.resolve()), form=form, mailbox=mailbox)
    if as_json:
        show_json(result)
    else:
        click.echo(f"{result.get('exported', 0)} messages are in {path}.")
