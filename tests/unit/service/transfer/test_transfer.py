"""Import and export as wholes, over a store in memory."""

import mailbox as standard
from pathlib import Path
from typing import Any

import pytest
from tests.harness.fake_directory import FakeStore

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId
from mailstead.model.uids import UidSet
from mailstead.service.transfer import Transfer, importing
from mailstead.store.interface import Want

ALICE = "alice@example.org"
FROM = b"From ann@example.org Mon Jan  1 10:00:00 2024\n"


class Site:
    def __init__(self) -> None:
        self.store = FakeStore()
        self.transfer = Transfer(self.store)
        self.account = AccountId(0)

    async def import_(self, path: Path, mailbox: str = "") -> dict[str, Any]:
        return await self.transfer.import_(ALICE, str(path), mailbox)

    async def messages(self, *path: str) -> list[tuple[bytes, set[str], int]]:
        mail = self.store.mail
        info = await mail.mailbox(self.account, path)
        assert info is not None, path
        names = await mail.keywords(self.account)
        return [
            (await mail.octets(self.account, row.entry.email_id), {names[bit] for bit in names if row.entry.flags & bit}, row.received_at_ms)
            for row in await mail.fetch(self.account, info.mailbox_id, UidSet.all(), Want())
        ]  # fmt: skip


@pytest.fixture
async def site() -> Site:
    made = Site()
    account = await made.store.directory.account_add(ALICE, argon2="", scram=None)
    made.account = account.account_id
    return made


async def test_an_mbox(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "box"
    file.write_bytes(FROM + b"Subject: a\nStatus: RO\n\nx\n\n" + FROM + b"\n\n" + FROM + b"Subject: b\n\ny\n")
    told: list[tuple[str, int, int]] = []
    done = await site.transfer.import_(ALICE, str(file), "", lambda *step: told.append(step))
    assert (2, 0, 1) == (done["imported"], done["repeated"], len(done["skipped"]))
    assert "message 2" in done["skipped"][0]
    assert told
    first, second = await site.messages("INBOX")
    assert (b"Subject: a\r\n\r\nx\r\n", {"\\Seen"}, 1_704_103_200_000) == first
    assert b"Subject: b\r\n\r\ny\r\n" == second[0]


async def test_a_repeat_skips_and_equal_messages_all_arrive(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "box"
    one = FROM + b"Subject: a\n\nx\n\n"
    file.write_bytes(one * 3 + FROM + b"Subject: b\n\n\n")
    assert 4 == (await site.import_(file))["imported"]
    moved = tmp_path / "elsewhere.mbox"
    file.rename(moved)
    with moved.open("ab") as more:
        more.write(FROM + b"Subject: c\n\n\n")
    done = await site.import_(moved)
    assert (1, 4) == (done["imported"], done["repeated"])
    assert 5 == len(await site.messages("INBOX"))
    assert 5 == (await site.import_(moved, "Archive/Old"))["imported"]
    assert 5 == len(await site.messages("Archive", "Old"))


async def test_many_batches_in_order(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH_MESSAGES", 7)
    file = tmp_path / "box"
    file.write_bytes(b"".join(FROM + b"Subject: %d\n\nx\n\n" % number for number in range(100)))
    assert 100 == (await site.import_(file))["imported"]
    subjects = [octets.split(b"\r\n")[0] for octets, _, _ in await site.messages("INBOX")]
    assert [b"Subject: %d" % number for number in range(100)] == subjects


async def test_a_refused_message_does_not_stop_its_batch(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = site.store.mail.import_

    async def import_(account: Any, mailbox_id: Any, messages: Any) -> Any:
        if any(b"Subject: 3" in message.octets for _, message in messages):
            raise Refusal(Reason.LIMIT, "Too many keywords")
        return await whole(account, mailbox_id, messages)

    monkeypatch.setattr(site.store.mail, "import_", import_)
    file = tmp_path / "box"
    file.write_bytes(b"".join(FROM + b"Subject: %d\n\nx\n\n" % number for number in range(6)))
    done = await site.import_(file)
    assert 5 == done["imported"]
    assert [f"{file}, message 4: Too many keywords"] == done["skipped"]


async def test_a_full_account_ends_it_and_says_what_to_do(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "box"
    file.write_bytes(b"".join(FROM + b"Subject: %d\n\nx\n\n" % number for number in range(6)))
    site.store.mail.max_octets = 10
    with pytest.raises(Refusal, match="account quota") as refused:
        await site.import_(file)
    assert Reason.OVER_QUOTA is refused.value.reason


async def test_a_maildir_with_folders(site: Site, tmp_path: Path) -> None:
    root = tmp_path / "Maildir"
    for folder, name in (("", "1700000000.a:2,S"), (".Sent", "1700000000.b:2,R"), (".Work.2026", "1700000000.c:2,")):
        (root / folder / "cur").mkdir(parents=True)
        (root / folder / "cur" / name).write_bytes(b"Subject: " + (folder or "root").encode() + b"\n\n")
    assert 3 == (await site.import_(root))["imported"]
    assert [{"\\Seen"}] == [flags for _, flags, _ in await site.messages("INBOX")]
    assert [{"\\Answered"}] == [flags for _, flags, _ in await site.messages("Sent")]
    assert 1 == len(await site.messages("Work", "2026"))
    assert ("Work", "2026") in await site.store.mail.subscriptions(site.account)
    await site.import_(root, "Old")
    assert 1 == len(await site.messages("Old", "Work", "2026"))


async def test_a_folder_of_messages_and_mboxes(site: Site, tmp_path: Path) -> None:
    root = tmp_path / "Mail"
    (root / "Work.sbd").mkdir(parents=True)
    (root / "b.eml").write_bytes(b"Date: Tue, 2 Jan 2024 02:00:00 +0200\nSubject: b\n\n")
    (root / "a.eml").write_bytes(b"Subject: a\n\n")
    (root / "a.emlx").write_bytes(b"13\nSubject: e\n\nx<?xml version")
    (root / "Work").write_bytes(FROM + b"Subject: w\n\n\n")
    (root / "Inbox").write_bytes(FROM + b"Subject: i\n\n\n")
    (root / "Inbox.msf").write_bytes(b"// <!-- <mdb:mork:z v=")
    (root / "Work.sbd" / "2026.mbox").write_bytes(FROM + b"Subject: c\n\n\n")
    (root / "picture.png").write_bytes(b"\x89PNG")
    (root / "notes.txt").write_bytes(b"just notes\n")
    done = await site.import_(root)
    assert (6, [f"{root / 'notes.txt'}: it does not begin with a header field"]) == (done["imported"], done["skipped"])
    inbox = await site.messages("INBOX")
    assert all(any(b"Subject: " + letter in octets for octets, _, _ in inbox) for letter in (b"a", b"b", b"e", b"i"))
    assert 1_704_153_600_000 in [received for _, _, received in inbox]
    assert 1 == len(await site.messages("Work"))
    assert 1 == len(await site.messages("Work", "2026"))


async def test_one_message(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "message.eml"
    file.write_bytes(b"Subject: one\n\nFrom here\n")
    assert 1 == (await site.import_(file, "Junk"))["imported"]
    assert [b"Subject: one\r\n\r\nFrom here\r\n"] == [octets for octets, _, _ in await site.messages("Junk")]


async def test_nothing_there(site: Site, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="check the path"):
        await site.import_(tmp_path / "nothing")
    with pytest.raises(Refusal, match="account list"):
        await site.transfer.import_("nobody@example.org", str(tmp_path), "")


async def _filled(site: Site, tmp_path: Path) -> None:
    root = tmp_path / "source"
    for folder, name, body in (
        ("", "1700000000.a:2,FSab", b"From the top\n>From below\n"), ("", "1700000001.b:2,", b".\n\n"), (".Work.M&APw-ll", "1600000000.c:2,T", b"x\n"),
    ):  # fmt: skip
        (root / folder / "cur").mkdir(parents=True, exist_ok=True)
        (root / folder / "cur" / name).write_bytes(b"Return-Path: <ann@example.org>\nSubject: s\n\n" + body)
    (root / "dovecot-keywords").write_text("0 work\n1 $Junk\n")
    assert 3 == (await site.import_(root))["imported"]


@pytest.mark.parametrize("form", ["maildir", "mbox"])
async def test_what_goes_out_comes_back(site: Site, tmp_path: Path, form: str) -> None:
    await _filled(site, tmp_path)
    target = tmp_path / "out"
    assert 3 == (await site.transfer.export(ALICE, str(target), form))["exported"]
    again = Site()
    again.account = (await again.store.directory.account_add(ALICE, argon2="", scram=None)).account_id
    done = await again.import_(target)
    assert (3, []) == (done["imported"], done["skipped"])
    for path in (("INBOX",), ("Work", "Müll")):
        assert await site.messages(*path) == await again.messages(*path)


async def test_other_programs_read_it(site: Site, tmp_path: Path) -> None:
    await _filled(site, tmp_path)
    await site.transfer.export(ALICE, str(tmp_path / "maildir"))
    box = standard.Maildir(str(tmp_path / "maildir"), create=False)
    assert ["", "FSab"] == sorted(message.get_flags() for message in box)
    assert "Work.M&APw-ll" in box.list_folders()
    await site.transfer.export(ALICE, str(tmp_path / "mbox"), "mbox", "INBOX")
    read = standard.mbox(str(tmp_path / "mbox" / "INBOX.mbox"), create=False)
    assert ["O", "ROF"] == sorted(message.get_flags() for message in read)
    read.close()


async def test_an_export_never_writes_over_anything(site: Site, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(Refusal, match="new folder"):
        await site.transfer.export(ALICE, str(tmp_path))
    with pytest.raises(Refusal, match="no mailbox"):
        await site.transfer.export(ALICE, str(tmp_path / "out"), "mbox", "Nowhere")
    with pytest.raises(Refusal, match="maildir or mbox"):
        await site.transfer.export(ALICE, str(tmp_path / "out"), "pst")
