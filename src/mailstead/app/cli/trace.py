"""``mailstead trace``"""

from pathlib import Path
from typing import Any

import click

from mailstead.app.cli.session import data_option, json_option, perform, show_json

_LEFT_OUT = frozenset({"at", "event", "level", "worker", "reason", "submission", "message_id", "account", "tenant", "age_ms"})


@click.command(epilog="Example: mailstead trace bob@example.org --since 2026-11-20")
@click.argument("query")
@click.option("--since", default="", metavar="DAY", help="From this day on (2026-11-26).")
@click.option("--until", default="", metavar="DAY", help="Up to this day.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100), help="At most so many messages.")
@click.option("--tenant", type=int, help="Only what belongs to this tenant, by its number.")
@json_option
@data_option
def command(query: str, since: str, until: str, limit: int, tenant: int | None, as_json: bool, data: Path) -> None:
    """What happened to a message: by Message-ID, address or id of the queue."""
    found = perform(data, "trace", query=query, since=since, until=until, limit=limit, tenant=tenant)
    if as_json:
        show_json(found)
        return
    if not found:
        click.echo("Nothing is known of that.")
    for message in found:
        click.echo(f"{message['message_id'] or 'a message without Message-ID'}  {message['submission']}")
        click.echo(f"  from {message['reverse_path'] or '<>'} to {', '.join(message['recipients'][:5]) or 'nobody that is known'}")
        for event in message["events"]:
            click.echo(f"  {event['at'][:23].replace('T', ' ')}  {event['event']:20} {_words(event)}")
        click.echo("")


def _words(event: dict[str, Any]) -> str:
    details = " ".join(f"{key}={value}" for key, value in event.items() if key not in _LEFT_OUT and value not in {"", 0})
    return f"{event.get('reason', '')}  ({details})" if details else str(event.get("reason", ""))
