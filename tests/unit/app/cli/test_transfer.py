"""``mailstead import`` and ``mailstead export``: what goes in comes out."""

import json
import mailbox
from pathlib import Path

from tests.unit.app.cli.conftest import Site


def message(number: int) -> bytes:
    return f"From: a@there.test\r\nMessage-ID: <{number}@there.test>\r\nSubject: number {number}\r\n\r\nFrom here on, text {number}\r\n".encode()


def test_an_mbox_goes_in_once_and_comes_out_whole(site: Site, tmp_path: Path) -> None:
    address = site.account("jon")
    box = mailbox.mbox(tmp_path / "in.mbox")
    for number in range(20):
        box.add(message(number).replace(b"\r\n", b"\n"))
    box.close()
    assert "20 messages imported, 0 were there" in site.said("import", address, str(tmp_path / "in.mbox"), "--mailbox", "Archive/2026")
    assert {"imported": 0, "repeated": 20}.items() <= json.loads(
        site.said("import", address, str(tmp_path / "in.mbox"), "--mailbox", "Archive/2026", "--json")).items()
    assert [f"number {number}" for number in range(20)] == site.subjects(address, "Archive/2026")
    assert "20 messages" in site.said("export", address, str(tmp_path / "out"), "--mailbox", "Archive/2026")
    out = [path.read_bytes().replace(b"\r\n", b"\n") for path in (tmp_path / "out").rglob("cur/*")]
    assert sorted(message(number).replace(b"\r\n", b"\n") for number in range(20)) == sorted(out)
    site.said("export", address, str(tmp_path / "boxes"), "--format", "mbox")
    (written,) = (path for path in (tmp_path / "boxes").rglob("*") if path.is_file() and path.stat().st_size)
    box = mailbox.mbox(written)
    assert [f"number {number}" for number in range(20)] == [item["Subject"] for item in box]
    box.close()


def test_messages_in_files_go_in_and_what_is_none_is_said(site: Site, tmp_path: Path) -> None:
    address = site.account("kit")
    folder = tmp_path / "letters"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.eml").write_bytes(message(number))
    assert "3 messages imported" in site.said("import", address, str(folder))
    assert 3 == len(site.subjects(address))
    assert "1 messages imported" in site.said("import", site.account("lou"), str(folder / "1.eml"))
    assert 2 == site.run("import", address, str(tmp_path / "nothing")).exit_code
    assert site.refused("import", "nobody@example.test", str(folder))
    assert site.refused("export", "nobody@example.test", str(tmp_path / "x"))


def test_a_source_without_a_message_is_refused(site: Site, tmp_path: Path) -> None:
    address = site.account("max")
    (tmp_path / "empty.mbox").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "words.txt").write_text("no header\n" * 3)
    for name in ("empty.mbox", "empty", "words.txt"):
        said = site.refused("import", address, str(tmp_path / name))
        assert f"there is no message in {tmp_path / name}" in said
    found = site.run("import", address, str(tmp_path / "empty.mbox"), "--json")
    assert (1, {"imported": 0, "repeated": 0, "skipped": []}) == (found.exit_code, json.loads(found.stdout))
