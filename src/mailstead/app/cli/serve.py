"""``mailstead serve``"""

import os
import sys
from pathlib import Path

import click

from mailstead.app.cli.session import data_option, fail, is_data_directory


@click.command(epilog="Example: mailstead serve --data /var/lib/mailstead")
@data_option
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings (default: DIR/mailstead.toml).")
@click.option("--workers", type=click.IntRange(1, 256), help="Number of processes (default: as many as there are cores).")
def command(data: Path, config: Path | None, workers: int | None) -> None:
    """Run the server in the foreground.

    Prints “mailstead: ready” when every listener accepts; logs to standard error. SIGTERM: finish what is in flight and
    exit. SIGHUP: read settings and certificates again; no connection is dropped.
    """
    if not is_data_directory(data) and config is None:
        fail(f"{data} is not a data directory; make one with “mailstead init --data {data} …”.")
    sys.exit(serve(data, config, workers))


def serve(data: Path, config: Path | None, workers: int | None) -> int:
    """Run a server to its end; the exit code."""
    from mailstead.app.config import FILE_NAME, SettingsError, load
    from mailstead.app.supervise import StartError, Supervisor

    file = config or data / FILE_NAME
    try:
        settings = load(file)
        count = workers or settings.workers or os.cpu_count() or 1
        return Supervisor(data.resolve(), file.resolve(), settings, count).run()
    except (SettingsError, StartError) as exc:
        fail(str(exc))
    except OSError as exc:
        fail(f"cannot start: {exc}.")
