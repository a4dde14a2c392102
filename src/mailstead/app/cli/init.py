"""``mailstead init``"""

from pathlib import Path

import click

from mailstead.app.cli.session import data_option, fail, password_option, read_password
from mailstead.model.errors import Refusal, Unavailable

PRODUCTION = {
    "smtp": ["*:25", "[::]:25"], "submission": ["*:587", "[::]:587"], "submissions": ["*:465", "[::]:465"],
    "http": ["*:80", "[::]:80"], "https": ["*:443", "[::]:443"],
    "imap": ["*:143", "[::]:143"], "imaps": ["*:993", "[::]:993"], "pop3": ["*:110", "[::]:110"], "pop3s": ["*:995", "[::]:995"],
    "metrics": ["127.0.0.1:9100"],
}  # fmt: skip


@click.command(
    epilog='Example: echo "$PASSWORD" | mailstead init --data /var/lib/mailstead --domain example.org'
    " --hostname mail.example.org --admin you@example.org --password-stdin"
)
@click.option("--domain", required=True, help="The first mail domain.")
@click.option("--hostname", required=True, help="This machine's name, as other mail servers see it.")
@click.option("--admin", required=True, metavar="ADDRESS", help="The administrator's address in that domain.")
@click.option("--production", is_flag=True, help="Listen on the well-known ports of all addresses, not on loopback.")
@password_option
@data_option
def command(domain: str, hostname: str, admin: str, production: bool, password_stdin: bool, data: Path) -> None:
    """Make a data directory: settings, keys, a self-signed certificate, the first domain and its administrator."""
    from mailstead.app.config import SettingsError, load, parse
    from mailstead.app.found import FoundError, found
    from mailstead.net import run

    if not admin.endswith("@" + domain):
        raise click.UsageError(f"the administrator's address must end in @{domain}.")
    password = read_password(from_stdin=password_stdin)
    account = {"address": admin, "password": password, "name": "Administrator", "quota": 0, "admin": True}
    try:
        parse(f'hostname = "{hostname}"', {})
        records = run(lambda: found(data, hostname=hostname, domain=domain, accounts=[account], listen=PRODUCTION if production else None))
        load(data / "mailstead.toml")
    except (FoundError, SettingsError) as exc:
        fail(str(exc))
    except Refusal as exc:
        fail(exc.public)
    except Unavailable as exc:
        fail(exc.cause or exc.public)
    click.echo(f"{data} is ready; start it with “mailstead serve --data {data}”.")
    click.echo(f"\nThe master key is {data / 'keys' / 'master.key'}. Without it nobody can read the mail, not even from a backup:")
    click.echo("keep a copy of it apart from the backups.")
    click.echo("\nPublish these records in the DNS:\n")
    for record in records:
        click.echo(f"  {record}")
    click.echo(f"\nand a PTR record that leads from this machine's address back to {hostname}. “mailstead domain dns {domain}” prints them again with")
    click.echo(f"what each is for; “mailstead domain check {domain}” looks them up and says what is wrong.")
