import asyncio
from pathlib import Path

import pytest

from mailstead.app import wire as module
from mailstead.app.wire import Frames, Wire, pack
from mailstead.model.errors import Unavailable


async def _nothing(_octets: bytes) -> bytes:
    return b""


def _wire(run: Path, worker: int, seen: list[bytes]) -> Wire:
    async def handle(octets: bytes) -> bytes:
        if octets == b"fail":
            raise Unavailable("no", "the disk is full")
        await asyncio.sleep(0)
        return b"%d:" % worker + octets

    return Wire(run, worker, 2, handle=handle, news=seen.append, answer=handle)


def test_frames_come_whole_however_the_octets_come() -> None:
    octets = pack(0, 7, b"one") + pack(3, 0, b"") + pack(1, 8, b"x" * 1000)
    frames = Frames()
    got = [frame for at in range(len(octets)) for frame in frames.feed(octets[at : at + 1])]
    assert [(0, 7, b"one"), (3, 0, b""), (1, 8, b"x" * 1000)] == got
    with pytest.raises(ValueError):
        list(Frames().feed(b"\xff" * 20))


async def test_requests_are_answered_news_are_told(tmp_path: Path) -> None:
    seen: list[bytes] = []
    one, two = _wire(tmp_path, 0, []), _wire(tmp_path, 1, seen)
    await two.start()
    answers = await asyncio.gather(*(one.handover(1, b"%d" % n) for n in range(50)))
    assert [b"1:%d" % n for n in range(50)] == answers
    assert b"0:self" == await one.handover(0, b"self")
    one.post(1, b"news")
    assert b"1:?" == await one.ask(1, b"?")
    assert [b"news"] == seen
    with pytest.raises(Unavailable) as caught:
        await one.handover(1, b"fail")
    assert "the disk is full" == caught.value.cause
    await one.close()
    await two.close()


async def test_a_request_outlives_its_worker(tmp_path: Path) -> None:
    one, two = _wire(tmp_path, 0, []), _wire(tmp_path, 1, [])
    await two.start()
    assert b"1:a" == await one.handover(1, b"a")
    await two.close()
    waiting = asyncio.create_task(one.handover(1, b"b"))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    again = _wire(tmp_path, 1, [])
    await again.start()
    assert b"1:b" == await asyncio.wait_for(waiting, 5)
    await one.close()
    await again.close()


async def test_patience_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.3)
    one = _wire(tmp_path, 0, [])
    one.post(1, b"nobody there")
    with pytest.raises(Unavailable):
        await one.handover(1, b"a")
    with pytest.raises(Unavailable):
        await one.ask(1, b"a", 0.1)
    await one.close()
