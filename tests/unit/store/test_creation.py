"""A data directory is one when its directory file is there, and only then: what was begun and not finished can be begun again."""

from pathlib import Path

import pytest

from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.store import create
from mailstead.store.creation import MASTER, shards_of
from mailstead.store.engine.files import Files


def test_it_knows_how_many_shards_it_was_made_with(tmp_path: Path) -> None:
    create(tmp_path / "data", shards=3)
    assert shards_of(tmp_path / "data", Files().vfs) == 3
    assert [(tmp_path / "data" / f"mail-{number:03}.db").exists() for number in range(4)] == [True, True, True, False]
    assert (tmp_path / "data" / MASTER).stat().st_mode & 0o077 == 0


def test_one_that_is_there_is_left_alone(tmp_path: Path) -> None:
    create(tmp_path, shards=1)
    before = (tmp_path / "dir.db").read_bytes()
    with pytest.raises(Refusal) as told:
        create(tmp_path, shards=2)
    assert told.value.reason is Reason.ALREADY_EXISTS
    assert (tmp_path / "dir.db").read_bytes() == before


def test_a_beginning_that_was_cut_off_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "dir.db.new").write_bytes(b"half a directory")
    create(tmp_path, shards=1)
    assert shards_of(tmp_path, Files().vfs) == 1
    assert not (tmp_path / "dir.db.new").exists()


def test_what_is_none_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as told:
        shards_of(tmp_path, Files().vfs)
    assert "mailstead init" in told.value.cause


def test_a_directory_that_lost_its_contents_is_no_new_one(tmp_path: Path) -> None:
    create(tmp_path, shards=1)
    (tmp_path / "dir.db").write_bytes(b"")
    with pytest.raises(Unavailable):
        shards_of(tmp_path, Files().vfs)
