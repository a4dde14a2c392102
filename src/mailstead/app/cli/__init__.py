"""The command line. One file per command, imported when it is called, so that every start is quick."""

import importlib
from typing import Any, Final

import click

import mailstead

COMMANDS: Final = {
    "init": ("init", "Make a data directory: keys, certificate, first domain and administrator."),
    "demo": ("demo", "Run a complete system on loopback with made-up accounts and mail."),
    "serve": ("serve", "Run the server."),
    "account": ("account", "Accounts: add, list, show, set-password, quota, suspend, resume, delete."),
    "alias": ("alias", "Further addresses: add, list, delete."),
    "group": ("group", "Addresses of many: set, list, delete."),
    "tenant": ("tenant", "Customers of the site: add, list."),
    "domain": ("domain", "Mail domains: add, list, set, dns, check, keys, rotate."),
    "import": ("import_", "Bring mail in: mbox, Maildir, a folder of .eml or one file."),
    "export": ("export", "Write an account's mail to Maildir or mbox."),
    "backup": ("backup", "Copy everything to another directory, also while the server runs."),
    "restore": ("restore", "Make a data directory from a backup."),
    "verify": ("verify", "Check every checksum and every invariant."),
    "queue": ("queue", "Mail on its way out: list, show, retry, hold, release, delete, reroute, sites."),
    "suppression": ("suppression", "Addresses to which nothing is sent: list, show, add, remove."),
    "deliverability": ("deliverability", "How mail to each destination fares, and why not."),
    "trace": ("trace", "What happened to a message: by Message-ID, address or queue id."),
    "keys": ("keys", "The master key: rotate."),
}


class _Late(click.Group):
    """Commands by name, each imported at its call; the listing needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        if cmd_name not in COMMANDS:
            return None
        module: Any = importlib.import_module(f"mailstead.app.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Late, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(mailstead.__version__, prog_name="mailstead")
def program() -> None:
    """A mail server that accepts, keeps and shows mail, and never loses any.

    \b
    Try it:      mailstead demo
    Set it up:   mailstead init --data /var/lib/mailstead --domain example.org \\
                     --hostname mail.example.org --admin you@example.org --password-stdin
    Run it:      mailstead serve --data /var/lib/mailstead
    """


def main() -> None:
    """The program ``mailstead``."""
    program(prog_name="mailstead")
