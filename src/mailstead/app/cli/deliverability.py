"""``mailstead deliverability``"""

from pathlib import Path
from typing import Any

import click

from mailstead.app.cli.session import data_option, json_option, perform, show_json, show_rows


@click.command(epilog="Example: mailstead deliverability --days 7 --domain gmail.com")
@click.option("--domain", default="", help="This destination only, with its errors.")
@click.option("--days", default=1, show_default=True, type=click.IntRange(1, 90), help="Today and so many days in all (UTC).")
@click.option("--tenant", type=int, help="Only of this tenant's mail, by its number.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="At most so many destinations.")
@json_option
@data_option
def command(domain: str, days: int, tenant: int | None, limit: int, as_json: bool, data: Path) -> None:
    """How mail to each destination fares: delivered, put off, bounced, complained about, how fast, with TLS, and why not."""
    rows = perform(data, "deliverability", days=days, domain=domain, tenant=tenant, limit=limit)
    if as_json:
        show_json(rows)
        return
    columns = (
        ("domain", "DESTINATION"), ("delivered", "DELIVERED"), ("deferred", "PUT OFF"), ("bounced", "BOUNCED"), ("complained", "COMPLAINTS"),
        ("tls", "TLS"), ("half", "HALF WITHIN"), ("most", "95% WITHIN"), ("error", "MOST COMMON ERROR"),
    )  # fmt: skip
    show_rows([_shown(row) for row in rows], columns, as_json=False, empty="Nothing was sent in that time.")
    for row in rows if domain else ():
        for error in row["errors"]:
            click.echo(f"  {error['count']} × {error['meaning']}, last {error['at'][:19].replace('T', ' ')} from {error['hop'] or 'here'}: {error['text']}")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row, "tls": f"{row['tls_share']:.0%}", "half": _span(row["half_within_s"], row), "most": _span(row["most_within_s"], row),
        "error": row["errors"][0]["meaning"] if row["errors"] else "",
    }  # fmt: skip


def _span(seconds: int | None, row: dict[str, Any]) -> str:
    if not row["delivered"]:
        return ""
    if seconds is None:
        return "days"
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min" if seconds < 3_600 else f"{seconds // 3_600} h"  # noqa: PLR2004 - seconds
