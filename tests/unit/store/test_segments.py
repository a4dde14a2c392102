"""Segments: what was written is read back, whatever happened to its neighbours."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstead.store.blob import record, segments
from mailstead.store.blob.segments import SegmentReader, SegmentWriter
from mailstead.store.engine.files import Files
from mailstead.store.seal import BODY, AccountKey, Damaged

KEY = AccountKey(7, 1, bytes(32))
FOLDER_FILES = Files()


def written(email: int, octets: bytes) -> list[bytes]:
    meta = record.sealed_meta(KEY, email, record.Meta(b"e", b"s", b"p", "preview", b"id", ("INBOX",)))
    body = list(record.frames(KEY, email, octets))
    info = record.Info(
        account=7, email=email, key=1, thread=3, received_ms=4, sent_ms=5, size=len(octets), header=6, flags=0, attachment=False,
        delivery=b"d" * 16, mailbox=9, meta=len(meta), frames=tuple(map(len, body)))
    return record.assemble(info, meta, body)


def opened(octets: bytes) -> tuple[int, bytes]:
    """Email and text of a record."""
    _, info, _, at = record.read(octets)
    assert isinstance(info, record.Info)
    text = b""
    for number, length in enumerate(info.frames):
        text += KEY.open(BODY, info.email, octets[at : at + length], number)
        at += length
    return info.email, text


@given(st.lists(st.binary(max_size=200_000), min_size=1, max_size=6))
def test_records_are_read_back(tmp_path_factory: pytest.TempPathFactory, texts: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("seg")
    writer = SegmentWriter(folder, FOLDER_FILES)
    places = [(writer.append(pieces), sum(map(len, pieces))) for pieces in (written(n, text) for n, text in enumerate(texts))]
    writer.sync()
    writer.close()
    reader = SegmentReader(folder)
    assert list(enumerate(texts)) == [opened(reader.read(number, offset, length)) for (number, offset), length in places]
    reader.close()
    assert [offset for (_, offset), _ in places] == [offset for offset, _ in segments.records(folder / segments.name(1))]


@pytest.mark.parametrize("seed", range(20))
def test_damage_costs_the_records_it_touches(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    writer = SegmentWriter(tmp_path, FOLDER_FILES)
    texts = [rng.randbytes(rng.randint(0, 3_000)) + record.MAGIC * rng.randint(0, 2) for _ in range(60)]
    edges = []
    for email, text in enumerate(texts):
        _, offset = writer.append(written(email, text))
        edges.append(offset)
    edges.append(writer.size)
    writer.sync()
    writer.close()
    path = tmp_path / segments.name(1)
    octets = bytearray(path.read_bytes())
    hurt = set()
    for _ in range(5):
        at, length = rng.randrange(len(octets) - 100), rng.randint(1, 100)
        octets[at : at + length] = bytes(one ^ 0x5A for one in octets[at : at + length])
        hurt |= {n for n in range(60) if edges[n] < at + length and edges[n + 1] > at}
    path.write_bytes(octets)
    found = {opened(one)[0] for _, one in segments.records(path) if one is not None}
    assert found == set(range(60)) - hurt


def test_a_torn_tail_is_passed_over(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, FOLDER_FILES)
    writer.append(written(1, b"one"))
    at = writer.append(written(2, b"two" * 1000))[1]
    writer.sync()
    writer.close()
    path = tmp_path / segments.name(1)
    os.truncate(path, at + 100)
    assert [(0, True), (at, False)] == [(offset, one is not None) for offset, one in segments.records(path)]
    again = SegmentWriter(tmp_path, FOLDER_FILES)
    assert (2, 0) == again.append(written(3, b"three"))
    again.close()


def test_a_full_segment_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "FULL_OCTETS", 2_000)
    before = len(os.listdir("/proc/self/fd"))
    writer = SegmentWriter(tmp_path, FOLDER_FILES)
    for email in range(40):
        writer.append(written(email, os.urandom(500)))
        if email % 3 == 0:
            writer.sync()
    writer.sync()
    assert len(segments.numbers(tmp_path)) >= 10
    assert len(os.listdir("/proc/self/fd")) <= before + 1
    found = [opened(one)[0] for number in segments.numbers(tmp_path)
             for _, one in segments.records(tmp_path / segments.name(number)) if one is not None]
    assert list(range(40)) == found
    writer.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_is_not_there_is_damage(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, FOLDER_FILES)
    writer.append(written(1, b"one"))
    writer.sync()
    writer.close()
    reader = SegmentReader(tmp_path)
    for number, offset, length in ((2, 0, 10), (1, 0, 1 << 20), (1, 1 << 30, 1)):
        with pytest.raises(Damaged):
            reader.read(number, offset, length)
    reader.close()


def test_a_reader_lets_go_of_unlinked_files(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, FOLDER_FILES)
    writer.append(written(1, b"one"))
    writer.sync()
    writer.close()
    reader = SegmentReader(tmp_path)
    reader.read(1, 0, 10)
    (tmp_path / segments.name(1)).unlink()
    reader.read(1, 0, 10)
    reader.sweep()
    with pytest.raises(Damaged):
        reader.read(1, 0, 10)


@given(st.binary(max_size=300), st.integers(0, 299), st.integers(1, 255))
def test_no_octet_of_a_sealed_piece_can_change(octets: bytes, at: int, by: int) -> None:
    sealed = bytearray(KEY.seal(BODY, 5, octets))
    assert octets == KEY.open(BODY, 5, bytes(sealed))
    sealed[at % len(sealed)] ^= by
    with pytest.raises(Damaged):
        KEY.open(BODY, 5, bytes(sealed))


@pytest.mark.parametrize("other", [(b"meta", 5, 0, 7), (BODY, 6, 0, 7), (BODY, 5, 1, 7), (BODY, 5, 0, 8)])
def test_a_piece_opens_in_its_own_place_only(other: tuple[bytes, int, int, int]) -> None:
    kind, ident, part, account = other
    sealed = KEY.seal(BODY, 5, b"text")
    with pytest.raises(Damaged):
        AccountKey(account, 1, bytes(32)).open(kind, ident, sealed, part)
