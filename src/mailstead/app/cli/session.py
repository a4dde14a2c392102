"""What the commands share: the data directory, one operation on it, what is shown, how it ends.

An operation goes to the running server over its control socket; where none runs the command opens the store itself.
Exit codes: 0 done, 1 refused or failed (one sentence that says what to do), 2 wrong usage.
"""

import json
import select
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar

import click

from mailstead.model import limits
from mailstead.model.errors import Refusal, Unavailable

F = TypeVar("F", bound=Callable[..., Any])
_LINE_EVERY_S = 5.0
_PIECE = select.PIPE_BUF // 4
"""Characters, of four octets at most."""


def data_option(function: F) -> F:
    """``--data DIR``, or ``MAILSTEAD_DATA``."""
    return click.option(
        "--data", envvar="MAILSTEAD_DATA", required=True, metavar="DIR",
        type=click.Path(path_type=Path, file_okay=False), help="The data directory (or set MAILSTEAD_DATA).",
    )(function)  # fmt: skip


def json_option(function: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def password_option(function: F) -> F:
    """``--password-stdin``; without it the command asks."""
    return click.option("--password-stdin", is_flag=True, help="Read the password from standard input, one line.")(function)


def fail(sentence: str) -> NoReturn:
    """End with code 1 and one sentence."""
    click.echo(f"mailstead: {sentence}", err=True)
    sys.exit(1)


def read_password(*, from_stdin: bool, is_new: bool = True) -> str:
    """A password, never from the command line. ``is_new``: it becomes one of ours."""
    if from_stdin:
        line = sys.stdin.readline()
        password = line.rstrip("\r\n")
    elif sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        raise click.UsageError("standard input is no terminal; add --password-stdin and write the password to it.")
    if not password:
        fail("the password is empty.")
    if is_new and len(password) < limits.PASSWORD_LEAST:
        fail(f"the password is too short; give one with at least {limits.PASSWORD_LEAST} characters.")
    return str(password)


def parse_size(text: str | None) -> int | None:
    """A size option such as ``2 GiB``; ``none`` or ``0`` is no limit."""
    from mailstead.app.config import size

    if text is None:
        return None
    if text.lower() in {"none", "0"}:
        return 0
    try:
        return size(text)
    except ValueError as exc:
        raise click.BadParameter(f"“{text}” {exc}") from None


# ---------------------------------------------------------------------------------------------------- operations
def perform(data: Path, name: str, /, **arguments: Any) -> Any:
    """Carry out one operation, with progress shown; ends the command with a sentence when it cannot be done."""
    from mailstead.net import run

    if not is_data_directory(data):
        fail(f"{data} is not a data directory; make one with “mailstead init --data {data} …”.")
    with Shown() as shown:
        try:
            return run(lambda: _perform(data, name, arguments, shown.progress))
        except Refusal as exc:
            shown.close()
            fail(exc.public)
        except Unavailable as exc:
            shown.close()
            fail(exc.cause or exc.public)


def is_data_directory(data: Path) -> bool:
    """Whether ``init`` has been here."""
    from mailstead.app.config import FILE_NAME

    return (data / FILE_NAME).exists()


async def _perform(data: Path, name: str, arguments: dict[str, Any], progress: Callable[[str, int, int], None]) -> Any:
    from mailstead.app import control

    stream = await control.reach(data)
    if stream is not None:
        try:
            return await control.ask(stream, name, arguments, progress)
        finally:
            await stream.close()
    return await alone(data, [(name, arguments)], progress)


async def alone(
    data: Path, wishes: Sequence[tuple[str, dict[str, Any]]], progress: Callable[[str, int, int], None]
) -> Any:
    """Operations on a store that this process opens; the last one's result."""
    from mailstead.app import assemble
    from mailstead.app.config import FILE_NAME, SettingsError, load

    try:
        settings = load(data / FILE_NAME)
    except SettingsError as exc:
        raise Unavailable("", str(exc)) from exc
    store = assemble.open_store(data, settings)
    await store.start()
    try:
        operations = assemble.operations(store, settings)
        result = None
        for name, arguments in wishes:
            result = await operations.perform(name, arguments, progress)
        return result
    finally:
        await store.close()


class Shown:
    """Progress: a bar on a terminal, else a line every few seconds, both on standard error."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._last = time.monotonic()

    def progress(self, what: str, done: int, total: int) -> None:
        """Called by the operation."""
        if sys.stderr.isatty():
            if self._bar is None:
                from rich.console import Console
                from rich.progress import Progress

                self._bar = Progress(console=Console(stderr=True), transient=True)
                self._bar.start()
                self._task = self._bar.add_task(what, total=total or None)
            self._bar.update(self._task, description=what, completed=done, total=total or None)
        elif time.monotonic() - self._last >= _LINE_EVERY_S:
            self._last = time.monotonic()
            click.echo(f"{what}: {done} of {total}" if total else f"{what}: {done}", err=True)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# ---------------------------------------------------------------------------------------------------- what is shown
def show_json(value: Any) -> None:
    """Machine-readable output, in pieces that a pipe takes whole: with PYTHONUNBUFFERED Python forgets the rest of a write that was cut short."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    for at in range(0, len(text), _PIECE):
        click.echo(text[at : at + _PIECE], nl=False)
    click.echo()


def show_rows(rows: Sequence[dict[str, Any]], columns: Sequence[tuple[str, str]], *, as_json: bool, empty: str) -> None:
    """A listing: ``columns`` are (key, heading)."""
    if as_json:
        show_json(list(rows))
        return
    if not rows:
        click.echo(empty)
        return
    cells = [[heading for _, heading in columns], *([_cell(row.get(key)) for key, _ in columns] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(columns))]
    for line in cells:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def show_fields(row: dict[str, Any]) -> None:
    """One object, a field a line."""
    width = max((len(key) for key in row), default=0)
    for key, value in row.items():
        click.echo(f"{key.replace('_', ' '):<{width}}  {_cell(value)}")


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_cell(item) for item in value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def octets(count: int) -> str:
    """``1.5 GiB``; 0 is no limit and shown so by its caller."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if amount == int(amount) else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"
