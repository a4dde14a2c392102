"""Workers know at once what another one wrote."""

from pathlib import Path

from tests.harness.real_mail import real_store

from mailstead.model.ids import OpId
from mailstead.model.sharing import NONE, Grant, Right
from mailstead.store import open_store


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
