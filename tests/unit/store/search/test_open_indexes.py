"""Indexes stay open for the next question, as they are then, and no longer than they are wanted."""

from pathlib import Path

import pytest

from mailstead.model import condition as c
from mailstead.store.engine.sqlite import Failure
from mailstead.store.search import index, open_indexes
from mailstead.store.search.index import SearchIndex
from mailstead.store.search.indexer import path_of
from mailstead.store.search.open_indexes import OpenIndexes

KEY = bytes(range(32))


class Keys:
    """One key for all."""

    index_key = KEY

    def of(self, _account: int) -> "Keys":
        return self


def write(folder: Path, account: int, email: int, *, upto: int = 1) -> None:
    search = SearchIndex.create(path_of(folder, account), KEY)
    search.write(add=[(email, ("", "", "", "", "", "", "a wanted word"))], remove_=(), upto=upto)
    search.finish()


def asked(search: SearchIndex | None) -> set[int] | None:
    assert search is not None
    return search.narrow(c.Contains(c.Field.BODY, "wanted", True))


@pytest.fixture
def indexes(tmp_path: Path) -> OpenIndexes:
    return OpenIndexes(Keys(), tmp_path)  # type: ignore[arg-type]


def test_the_same_one_as_it_is_now(tmp_path: Path, indexes: OpenIndexes) -> None:
    assert indexes.take(1) is None
    write(tmp_path, 1, 10)
    first = indexes.take(1)
    assert asked(first) == {10}
    assert first is not None
    indexes.give(1, first)
    write(tmp_path, 1, 11, upto=7)
    again = indexes.take(1)
    assert again is first
    assert (asked(again), first.upto) == ({10, 11}, 7)
    log = Path(f"{path_of(tmp_path, 1)}-wal")
    assert not log.exists() or log.stat().st_size == 0, "what was written is in the file, though another has it open"
    first.close()
    indexes.close()


def test_what_is_taken_is_nobody_elses(tmp_path: Path, indexes: OpenIndexes) -> None:
    write(tmp_path, 1, 10)
    one, two = indexes.take(1), indexes.take(1)
    assert one is not two
    assert one is not None
    assert two is not None
    indexes.give(1, one)
    indexes.give(1, two)
    assert indexes.take(1) is two
    with pytest.raises(Failure):
        one.refresh()  # closed
    two.close()
    indexes.close()


def test_a_file_made_anew_is_opened_anew(tmp_path: Path, indexes: OpenIndexes) -> None:
    write(tmp_path, 1, 10)
    first = indexes.take(1)
    assert first is not None
    indexes.give(1, first)
    index.remove(path_of(tmp_path, 1))
    assert indexes.take(1) is None
    write(tmp_path, 1, 20)
    second = indexes.take(1)
    assert asked(second) == {20}
    assert second is not None
    second.close()
    indexes.close()


def test_few_are_kept_and_not_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_indexes, "KEPT", 2)
    now = [0.0]
    indexes = OpenIndexes(Keys(), tmp_path, lambda: now[0])  # type: ignore[arg-type]
    taken = []
    for account in (1, 2, 3):
        write(tmp_path, account, account)
        search = indexes.take(account)
        assert search is not None
        taken.append(search)
        indexes.give(account, search)
    assert (indexes.take(1) is taken[0], indexes.take(2) is taken[1]) == (False, True)
    indexes.give(2, taken[1])
    now[0] = open_indexes.KEPT_S + 1
    indexes.give(3, taken[2])
    assert indexes.take(2) is not taken[1]
    indexes.forget(3)
    with pytest.raises(Failure):
        taken[2].refresh()
    indexes.close()


def test_given_back_after_the_end(tmp_path: Path, indexes: OpenIndexes) -> None:
    write(tmp_path, 1, 10)
    search = indexes.take(1)
    assert search is not None
    indexes.close()
    indexes.give(1, search)
    with pytest.raises(Failure):
        search.refresh()
