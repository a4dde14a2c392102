"""Maildir: flags in names, keywords, sub-folders, dates."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstead.service.transfer import maildir
from mailstead.service.transfer.found import Bad, Found


def make(folder: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("1.a.b:2,FRS", {"\\Flagged", "\\Answered", "\\Seen"}),
        ("1.a.b:2,DPT", {"\\Draft", "$Forwarded", "\\Deleted"}),
        ("1.a.b;2,S", {"\\Seen"}),
        ("1.a.b,S=10,W=11:2,Sa", {"\\Seen", "work"}),
        ("1.a.b:2,", set()),
        ("1.a.b:2,Zz", set()),
        ("1.a.b", set()),
        ("1.a.b:1,S", set()),
    ],
)
def test_flags(name: str, flags: set[str]) -> None:
    assert flags == maildir.flags_of(name, {"a": "work"})


def test_a_folder(tmp_path: Path) -> None:
    root = make(tmp_path / "Maildir")
    (root / "cur" / "1700000001.x.host:2,Sa").write_bytes(b"Subject: a\n\nx\n")
    (root / "new" / "1700000000.y.host").write_bytes(b"Subject: b\r\n\r\ny")
    (root / "cur" / "1700000002.z.host:2,").write_bytes(b"")
    (root / "cur" / ".hidden").write_bytes(b"x")
    (root / "tmp" / "1.t").write_bytes(b"Subject: half")
    (root / "dovecot-keywords").write_text("0 work\n1 bad keyword\nx y\n99 far\n")
    found = list(maildir.read(root, ("Here",)))
    first, second, third = found
    assert isinstance(first, Found)
    assert isinstance(second, Found)
    assert isinstance(third, Bad)
    assert (b"Subject: b\r\n\r\ny\r\n", frozenset(), ("Here",)) == (first.octets, first.flags, first.mailbox)
    assert frozenset({"\\Seen", "work"}) == second.flags
    assert 1_700_000_000_000 == first.received_at_ms


def test_the_earlier_of_two_times_is_meant() -> None:
    assert 1_600_000_000_000 == maildir.received_ms("1600000000.a", 1_700_000_000_000)
    assert 1_500_000_000_000 == maildir.received_ms("1600000000.a", 1_500_000_000_000)
    assert 5 == maildir.received_ms("name", 5)


def test_sub_folders(tmp_path: Path) -> None:
    root = make(tmp_path / "Maildir")
    make(root / ".Sent")
    make(root / ".Work.2026")
    make(root / ".Entw&APw-rfe")
    make(root / "Plain" / "Child")
    (root / ".not-a-maildir").mkdir()
    found = {path for _, path in maildir.folders(root)}
    assert {("Sent",), ("Work", "2026"), ("Entwürfe",), ("Plain", "Child")} == found


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    root = make(tmp_path / "Maildir")
    file = root / "cur" / "1"
    file.write_bytes(b"Subject: a\n\n")
    file.chmod(0)
    (bad,) = maildir.read(root, ())
    assert "Permission denied" in str(bad)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20))
def test_names_travel(name: str) -> None:
    wire = maildir.encoded(name)
    assert wire.isascii()
    assert not set("./") & set(wire)
    assert name == maildir.decoded(wire)


@pytest.mark.parametrize("name", ["a&b", "&!!-", "&AA-", "&"])
def test_what_is_not_encoded_stays(name: str) -> None:
    assert name == maildir.decoded(name)
