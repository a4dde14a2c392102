"""Answers by columns: the page from the index, the mended answer and the whole one are the same."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from mailstead.model import condition as c
from mailstead.model.email import EmailPatch
from mailstead.model.ids import EmailId, OpId, TenantId
from mailstead.model.message import NewMessage
from mailstead.model.query import Comparator, Query, SortBy, Window
from mailstead.store import create, open_store
from mailstead.store.search import query
from mailstead.store.search.answer import Message
from mailstead.store.search.columns import Row
from mailstead.store.search.judging import Compiler


@pytest.mark.parametrize("collapse", [False, True])
async def test_a_common_word_is_answered_by_its_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collapse: bool) -> None:
    create(tmp_path / "data", shards=1)
    store = open_store(tmp_path / "data")
    await store.start()
    try:
        await store.directory.domain_add("example.test", TenantId(1))
        account = (await store.directory.account_add("a@example.test", argon2="x", scram=None)).account_id
        inbox = await store.mail.mailbox(account, ("INBOX",))
        assert inbox is not None
        chance = random.Random(1)
        new = [
            NewMessage(
                f"Subject: s{n}\r\nMessage-ID: <{n}@x>\r\n{f'In-Reply-To: <{n - 1}@x>' if n % 3 == 0 else 'X: y'}\r\n\r\n{'report' if n % 5 else 'other'}\r\n".encode(),
                received_at_ms=n * 1000 if n != 30 else 10**9)
            for n in range(60)]
        await store.mail.append(account, OpId(os.urandom(16)), inbox.mailbox_id, new[:55])
        asked = Query(c.And((c.InMailbox(inbox.mailbox_id), c.Contains(c.Field.TEXT, "repo", words=True))), collapse=collapse)
        whole = (await store.emails.query(account, asked, Window(limit=100))).ids
        assert len(whole) > 30
        monkeypatch.setattr(query, "_HITS", 20)
        for limit in (1, 5, 12, 30, 100):
            store.finder.forget(account)
            page = await store.emails.query(account, asked, Window(position=chance.randrange(3), limit=limit))
            assert whole[page.position : page.position + limit] == page.ids
        await store.mail.append(account, OpId(os.urandom(16)), inbox.mailbox_id, new[55:])
        store.finder.forget(account)
        page = await store.emails.query(account, asked, Window(limit=5))
        store.finder.forget(account)
        monkeypatch.setattr(query, "_HITS", 10_000)
        assert (await store.emails.query(account, asked, Window(limit=5))).ids == page.ids
    finally:
        await store.close()


async def test_what_the_index_does_not_know_yet_is_read_from_the_newest_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create(tmp_path / "data", shards=1)
    store = open_store(tmp_path / "data")
    await store.start()
    try:
        await store.directory.domain_add("example.test", TenantId(1))
        account = (await store.directory.account_add("a@example.test", argon2="x", scram=None)).account_id
        inbox = await store.mail.mailbox(account, ("INBOX",))
        assert inbox is not None
        new = [
            NewMessage(f"Subject: s{n}\r\nMessage-ID: <{n}@x>\r\n\r\n{'report' if n % 2 else 'other'}\r\n".encode(), received_at_ms=(n * 7 % 101) * 1000)
            for n in range(100)]
        await store.mail.append(account, OpId(os.urandom(16)), inbox.mailbox_id, new[:20])
        asked = Query(c.And((c.InMailbox(inbox.mailbox_id), c.Contains(c.Field.TEXT, "rep", words=True))))
        await store.emails.query(account, asked, Window(limit=5))

        async def no_index(_: int) -> None:
            """It stays where it is."""

        monkeypatch.setattr(store.indexer, "before_search", no_index)
        await store.mail.append(account, OpId(os.urandom(16)), inbox.mailbox_id, new[20:])
        store.finder.forget(account)
        whole = (await store.emails.query(account, asked, Window(limit=100))).ids
        assert 50 == len(whole)
        monkeypatch.setattr(query, "_UNKNOWN", 10)
        read: list[int] = []
        opened = Compiler.message

        def message(self: Compiler, email: int, row: Row) -> Message:
            read.append(email)
            return opened(self, email, row)

        monkeypatch.setattr(Compiler, "message", message)
        for position, limit, most in ((0, 5, 15), (3, 10, 35), (0, 100, 80)):
            store.finder.forget(account)
            read.clear()
            page = await store.emails.query(account, asked, Window(position=position, limit=limit))
            assert whole[position : position + limit] == page.ids
            assert len(set(read)) <= most
    finally:
        await store.close()


async def test_rows_beyond_what_is_kept_are_read_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "KEPT_EMAILS", 5)
    create(tmp_path / "data", shards=1)
    store = open_store(tmp_path / "data")
    await store.start()
    try:
        await store.directory.domain_add("example.test", TenantId(1))
        found = []
        for name in ("a", "b"):
            account = (await store.directory.account_add(f"{name}@example.test", argon2="x", scram=None)).account_id
            inbox = await store.mail.mailbox(account, ("INBOX",))
            assert inbox is not None
            await store.mail.append(account, OpId(os.urandom(16)), inbox.mailbox_id, [NewMessage(b"Subject: x\r\n\r\n")] * 4)
            found.append(account)
        by_size = Query(sort=(Comparator(SortBy.SIZE),))
        for _ in range(2):
            for account in found:
                answer = await store.emails.query(account, by_size, Window())
                assert len(answer.ids) == 4
                await store.emails.set(account, OpId(os.urandom(16)), update=[
                    EmailPatch(EmailId(answer.ids[0]), add_keywords=frozenset({"x"}))])
        assert len(store.finder._accounts) == 1
    finally:
        await store.close()


async def test_questions_of_many_at_once(tmp_path: Path) -> None:
    create(tmp_path / "data", shards=1)
    store = open_store(tmp_path / "data")
    await store.start()
    try:
        await store.directory.domain_add("example.test", TenantId(1))
        boxes = {}
        for number in range(6):
            account = (await store.directory.account_add(f"u{number}@example.test", argon2="x", scram=None)).account_id
            inbox = await store.mail.mailbox(account, ("INBOX",))
            assert inbox is not None
            await store.mail.append(account, OpId(os.urandom(16)), inbox.mailbox_id, [NewMessage(b"Subject: x\r\n\r\nfox\r\n")] * (number + 1))
            boxes[account] = (number + 1, inbox.mailbox_id)
        asked = (Query(sort=(Comparator(SortBy.SUBJECT),)), Query(c.Contains(c.Field.TEXT, "fo", words=True)), Query(collapse=True))
        answers = await asyncio.gather(*(
            store.emails.query(account, query_, Window(total=True)) for _ in range(5) for query_ in asked for account in boxes))
        assert [boxes[account][0] for _ in range(5) for _ in asked for account in boxes] == [answer.total for answer in answers]
        assert {} == store.finder._turns
    finally:
        await store.close()
