"""The index narrows and never misses: searches with it and without it give the same, over odd texts and odd questions."""

import base64
import quopri
import random
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from mailstead.model import condition as c
from mailstead.model.ids import AccountId, MailboxId, TenantId
from mailstead.model.message import NewMessage
from mailstead.model.uids import UidSet
from mailstead.store import Embedded, create, open_store
from mailstead.store.engine.sqlite import Database
from mailstead.store.search import index, words
from mailstead.store.search.answer import folded
from mailstead.store.search.find import find
from mailstead.store.search.index import SearchIndex
from mailstead.store.search.indexer import path_of

TEXTS = [
    "The quick brown fox jumps over the lazy dog", "Straße, STRASSE und Maße", "ﬁne oﬃce ﬂuﬀ", "İstanbul ıI Iı i̇", "café cafe\u0301 naïve",
    "日本語のテキストと英語 mixed", "foo.bar@example.test, x_y-z 100% 5\\6 \"quoted\" it's", "a" * 450 + "needle" + "b" * 450,
    "emoji 👩‍👩‍👧 and 🇩🇪 flags", "well—known … dots", "tabs\tand  blanks", "Ω Ω Å Å ½ ²", "русский текст и ещё", "x" * 199 + " " + "y" * 200 + " " + "z" * 201,
]


def message(number: int, text: str, rng: random.Random) -> bytes:
    """``text`` in one of the ways in which text travels."""
    subject = "=?utf-8?B?" + base64.b64encode(text[:40].encode()).decode() + "?="
    head = f"From: Person {number} <p{number}@outside.test>\r\nTo: u@example.test\r\nSubject: {subject}\r\nX-Odd: odd{number}\r\nMIME-Version: 1.0\r\n"
    kind = rng.randrange(4)
    if kind == 0:
        body = base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")
        return (head + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n").encode() + body
    if kind == 1:
        body = quopri.encodestring(text.encode()).replace(b"\n", b"\r\n")
        return (head + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n").encode() + body + b"\r\n"
    if kind == 2:
        return (head + "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n").encode() + f"<p>{text[:5]}<b>{text[5:]}</b></p>\r\n".encode()
    return (head + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n").encode() + text.encode() + b"\r\n"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[Embedded, AccountId, MailboxId]]:
    create(tmp_path / "data", shards=1)
    store = open_store(tmp_path / "data")
    await store.start()
    await store.directory.domain_add("example.test", TenantId(1))
    account = (await store.directory.account_add("u@example.test", argon2="x", scram=None)).account_id
    box = await store.mail.mailbox(account, ("INBOX",))
    assert box is not None
    yield store, account, box.mailbox_id
    await store.close()


async def fill(store: Embedded, account: AccountId, box: MailboxId, count: int, seed: int) -> None:
    rng = random.Random(seed)
    await store.mail.append(account, rng.randbytes(16), box, [  # type: ignore[arg-type]
        NewMessage(message(seed * 1000 + n, rng.choice(TEXTS), rng)) for n in range(count)])


def question(rng: random.Random) -> c.Condition:
    text = rng.choice([*TEXTS, "p3", "outside.test", "nobody", "X-Odd", "odd1", "", " ", "—", "\u0301", "\ud800"])
    start = rng.randrange(max(1, len(text)))
    piece = text[start : start + rng.choice([1, 2, 3, 5, 8, 20, 150, 500])]
    piece = rng.choice([piece, piece.upper(), piece.swapcase(), piece + rng.choice(" .x")])
    leaves: list[c.Condition] = [
        c.Contains(rng.choice(list(c.Field)), piece), c.Contains(rng.choice(list(c.Field)), piece, words=True),
        c.Header(rng.choice(["Subject", "From", "X-Odd", "Missing"]), piece),
    ]
    leaf = rng.choice(leaves)
    match rng.randrange(6):
        case 0:
            return c.Not(leaf)
        case 1:
            return c.And((leaf, question(rng)))
        case 2:
            return c.Or((leaf, question(rng)))
        case 3:
            return c.And((leaf, c.Not(c.HasFlag("\\Seen"))))
        case _:
            return leaf


@pytest.mark.parametrize("seed", range(3))
async def test_with_and_without_the_index_are_the_same(site: tuple[Embedded, AccountId, MailboxId], seed: int) -> None:
    store, account, box = site
    rng = random.Random(seed)
    await fill(store, account, box, 40, 1)
    path = path_of(store.indexer.folder, account)
    questions = [question(rng) for _ in range(120)]
    store.indexer.fill(account)
    await fill(store, account, box, 6, 2)  # newer than the index
    await store.mail.expunge(account, b"e" * 16, box, UidSet.of([3, 7, 42]), only_deleted=False)  # type: ignore[arg-type]
    store.indexer._waiting.clear()  # the index stays behind
    with_index = [await store.mail.search(account, asked, mailbox_id=box) for asked in questions]
    assert path.exists()
    plain = []
    shard = store.mail.shard(account)
    for asked in questions:
        index.remove(path)
        plain.append(find(shard, store.keys, store.objects, store.indexer.folder, account, box, asked))
    assert with_index == plain
    assert any(plain)


async def test_where_an_account_lives_is_asked_on_the_loop(site: tuple[Embedded, AccountId, MailboxId], monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory's connection is the loop's: what another thread does with it at the same time holds that up."""
    store, account, box = site
    await fill(store, account, box, 3, 1)
    asked: list[int] = []
    look = store.reader._reading.look

    def looked(read: Callable[[Database], Any]) -> Any:
        asked.append(threading.get_ident())
        return look(read)

    monkeypatch.setattr(store.reader, "_read", looked)
    store.reader.forget()
    await store.indexer.update(account)
    assert {threading.get_ident()} == set(asked)
    assert store.indexer.fill(account) == 0, "it was filled"


async def test_the_index_narrows(site: tuple[Embedded, AccountId, MailboxId]) -> None:
    store, account, box = site
    await fill(store, account, box, 40, 1)
    assert store.indexer.fill(account) == 40
    assert store.indexer.fill(account) == 0
    search = SearchIndex.open(path_of(store.indexer.folder, account), store.keys.of(account).index_key)
    assert search is not None
    few = search.narrow(c.Contains(c.Field.BODY, "azy do"))
    assert few is not None
    assert 0 < len(few) < 20
    assert search.narrow(c.Contains(c.Field.BODY, "zzzz not there")) == set()
    assert search.narrow(c.Contains(c.Field.BODY, "—")) is None  # no word: every message is looked at
    assert search.narrow(c.Contains(c.Field.BODY, "%")) is None
    assert search.narrow(c.Not(c.Contains(c.Field.BODY, "fox"))) is None
    search.close()


async def test_it_is_encrypted_and_rebuilt(site: tuple[Embedded, AccountId, MailboxId]) -> None:
    store, account, box = site
    await fill(store, account, box, 20, 1)
    await store.mail.search(account, c.Contains(c.Field.BODY, "fox"), mailbox_id=box)
    path = path_of(store.indexer.folder, account)
    octets = path.read_bytes() + Path(f"{path}-wal").read_bytes() if Path(f"{path}-wal").exists() else path.read_bytes()
    assert b"SQLite format" not in octets
    assert b"quick" not in octets
    path.write_bytes(b"damage" * 5000)
    found = await store.mail.search(account, c.Contains(c.Field.BODY, "fox"), mailbox_id=box)
    index.remove(path)
    assert found == await store.mail.search(account, c.Contains(c.Field.BODY, "fox"), mailbox_id=box)
    assert SearchIndex.open(path, b"k" * 32) is None


async def test_removed_messages_leave_the_index(site: tuple[Embedded, AccountId, MailboxId]) -> None:
    store, account, box = site
    await fill(store, account, box, 10, 1)
    store.indexer.fill(account)
    await store.mail.expunge(account, b"e" * 16, box, UidSet.of(range(1, 8)), only_deleted=False)  # type: ignore[arg-type]
    store.indexer.fill(account)
    search = SearchIndex.open(path_of(store.indexer.folder, account), store.keys.of(account).index_key)
    assert search is not None
    assert len(search.known()) == 3
    search.close()


@pytest.mark.parametrize("text", TEXTS)
def test_pieces_of_any_stretch_are_found(text: str) -> None:
    """What ``pieces`` asks for is in what ``cut`` puts in, for every stretch of the text."""
    whole = folded(text)
    there = words._WORD.findall(words.cut(whole))
    rng = random.Random(text)
    for _ in range(300):
        start = rng.randrange(len(whole))
        stretch = whole[start : start + rng.choice([1, 2, 5, 30, 99, 100, 101, 250])]
        for piece in words.pieces(stretch):
            assert any(
                (piece.text in word) if piece.open_start and piece.open_end else word.endswith(piece.text) if piece.open_start
                else word.startswith(piece.text) if piece.open_end else word == piece.text for word in there
            ), (stretch, piece)


@pytest.mark.parametrize("known", ["few words", "many words", "an older file"])
def test_beginnings_give_the_same_however_they_are_asked(tmp_path: Path, known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word by word, all that begin so together, or in a file that has no list of places yet: the same messages."""
    rng, key = random.Random(7), bytes(range(32))
    stems = ["mess", "messages", "mess9", "café", "café9", "日本", "日本語", "me", "9mess", "messé"]
    texts = {number: " ".join(rng.choice(stems) + rng.choice(["", "s", "0", "z", "é", str(rng.randrange(40))]) for _ in range(3)) for number in range(1, 400)}
    made = SearchIndex.create(tmp_path / "index.db", key)
    made.write(add=[(number, ("", "", "", "", "", "", words.cut(folded(text)))) for number, text in texts.items()], remove_=range(1, 400, 7), upto=1)
    made.close()
    there = {number: text for number, text in texts.items() if number % 7 != 1}
    if known == "an older file":
        old = Database(tmp_path / "index.db", write=True, key=key)
        old.run("DROP TABLE instance")
        old.close()
    monkeypatch.setattr(index, "_BEGUN", {"few words": 1_000, "many words": 3, "an older file": 16}[known])
    asked = SearchIndex.open(tmp_path / "index.db", key)
    assert asked is not None
    try:
        for stem in [*stems, "m", "mes", "messages1", "messy", "caf"]:
            wanted = words.beginnings(folded(stem))
            meet = sorted((number for number, text in there.items() if words.begins(folded(text), wanted)), reverse=True)
            assert meet == asked.newest(c.Contains(c.Field.BODY, stem, True), 1_000), stem
            assert meet[:5] == asked.newest(c.Contains(c.Field.BODY, stem, True), 5)
            assert {*meet} == asked.narrow(c.Contains(c.Field.BODY, stem, True)), stem
    finally:
        asked.close()
