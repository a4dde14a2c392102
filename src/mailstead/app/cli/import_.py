"""``mailstead import``"""

from pathlib import Path

import click

from mailstead.app.cli.session import data_option, fail, json_option, perform, show_json


@click.command(name="import", epilog="Example: mailstead import alice@example.org ~/Mail/archive.mbox --mailbox Archive")
@click.argument("address")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--mailbox", default="", help="Where to (default: INBOX, or the folders' own names).")
@json_option
@data_option
def command(address: str, path: Path, mailbox: str, as_json: bool, data: Path) -> None:
    """Bring mail in: an mbox file, a Maildir, a folder of .eml files, or one message. May be repeated after an interruption."""
    result = perform(data, "import", address=address, path=str(path.resolve()), mailbox=mailbox)
    if as_json:
        show_json(result)
    else:
        for finding in result.get("skipped", []):
            click.echo(f"skipped: {finding}", err=True)
    if not result.get("imported") and not result.get("repeated"):
        fail(f"there is no message in {path}; give an mbox file, a Maildir, a folder of .eml files, or one message.")
    if not as_json:
        click.echo(f"{result.get('imported', 0)} messages imported, {result.get('repeated', 0)} were there already.")
