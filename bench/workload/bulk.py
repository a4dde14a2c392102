"""Import of an mbox, and start after kill -9 with many messages stored."""

import time
from pathlib import Path

from bench.generator import message
from bench.systems import Mailstead


def write_mbox(path: Path, count: int, size: int = 4096) -> None:
    """An mboxrd of ``count`` messages (LF line ends, as they are kept)."""
    with path.open("wb") as file:
        for number in range(count):
            file.write(b"From sender@outside.test Mon Jan  1 10:00:00 2024\n")
            file.write(message(number, size).replace(b"\r\n", b"\n") + b"\n")


def run(system: Mailstead, *, messages: int) -> dict[str, float]:
    """Messages a second by ``mailstead import`` while the server runs, then seconds to ready after kill -9."""
    path = system.server.data.parent / "import.mbox"
    write_mbox(path, messages)
    started = time.perf_counter()
    system.server.command("import", system.pattern % 0, str(path), "--mailbox", "Imported", timeout_s=1_800)
    took = time.perf_counter() - started
    path.unlink()
    system.server.kill()
    started = time.perf_counter()
    system.server.start()
    return {"import_per_s": messages / took, "restart_s": time.perf_counter() - started, "messages": messages}
