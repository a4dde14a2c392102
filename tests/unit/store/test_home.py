"""Workers know at once what another one wrote."""

from pathlib import Path

from tests.harness.real_mail import real_store

from mailstead.model.ids import CredentialId, OpId
from mailstead.model.sharing import NONE, Grant, Right
from mailstead.store import open_store
from mailstead.store.interface import Account


async def test_what_was_just_shared_is_known_to_another_worker(tmp_path: Path) -> None:
    """Who hears that something was shared asks for it at once, and any worker may have to answer: again and again, for a stale one is stale for 0.1 s only."""
    async with real_store(tmp_path, ["alice", "bob"]) as (first, accounts):
        alice, bob = accounts["alice"], accounts["bob"]
        second = open_store(tmp_path / "data", worker=1, workers=2)
        inbox = (await first.mail.mailboxes(alice))[0].mailbox_id
        for number in range(40):
            rights = Right.READ if number % 2 == 0 else NONE
            await first.shares.set(alice, OpId(number.to_bytes(16)), [Grant(inbox, bob, rights)])
            assert [alice] * bool(rights) == [one.owner for one in await second.shares.with_(bob)]
        await second.close()


async def test_a_password_that_was_changed_is_known_to_another_worker_at_once(tmp_path: Path) -> None:
    async with real_store(tmp_path, ["alice"]) as (first, accounts):
        second = open_store(tmp_path / "data", worker=1, workers=2)
        for number in range(40):
            await first.directory.credential_set(accounts["alice"], credential=CredentialId(0), label="", argon2=f"hash {number}", scram=None)
            for store in (second, first):
                found = await store.directory.login("alice@example.org")
                assert found is not None
                assert [one.argon2 for one in found.credentials] == [f"hash {number}"]
                assert found is await store.directory.login("alice@example.org")  # kept until the next change
        await second.close()


async def test_what_was_put_together_across_a_change_is_not_kept(tmp_path: Path) -> None:
    """A login is several look-ups; a change between two of them makes something that never was, which holds for whoever asked just then and no longer."""
    async with real_store(tmp_path, ["alice"]) as (store, _):
        reader = store.reader
        begun = reader.account_by_address

        def with_a_change_behind_it(address: str) -> Account | None:
            found = begun(address)
            reader._commits.begin()
            reader._commits.end()
            return found

        reader.account_by_address = with_a_change_behind_it  # type: ignore[method-assign]
        once = reader.login("alice@example.org")
        reader.account_by_address = begun  # type: ignore[method-assign]
        assert once is not None
        again = reader.login("alice@example.org")
        assert once == again
        assert once is not again
        assert again is reader.login("alice@example.org")


async def test_nothing_is_kept_while_a_commit_is_under_way(tmp_path: Path) -> None:
    async with real_store(tmp_path, ["alice"]) as (store, accounts):
        reader, alice = store.reader, accounts["alice"]
        assert reader.account(alice) is reader.account(alice)
        reader._commits.begin()
        assert reader.account(alice) is not reader.account(alice)
        reader._commits.end()
        assert reader.account(alice) is reader.account(alice)
