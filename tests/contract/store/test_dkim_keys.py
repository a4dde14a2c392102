"""Keys that sign for a domain."""

from pathlib import Path

import pytest
from tests.contract.store.conftest import World

from mailstead.model.errors import Reason, Refusal

SECRET = b"the private half of a key"


async def add(world: World, selector: str, domain: str = "example.test") -> None:
    await world.directory.dkim_key_add(domain, selector, kind="ed25519", record=f"v=DKIM1; {selector}", secret=SECRET + selector.encode())


async def test_keys_are_kept_in_order_and_their_state_changes(world: World) -> None:
    assert () == await world.directory.dkim_keys("example.test")
    await add(world, "b")
    await add(world, "a")
    first, second = await world.directory.dkim_keys("EXAMPLE.test")
    assert ("a", "waiting", "v=DKIM1; a", SECRET + b"a", "ed25519") == (first.selector, first.state, first.record, first.secret, first.kind)
    assert SECRET + b"b" == second.secret
    await world.directory.dkim_key_set("example.test", "a", state="signing")
    assert ["signing", "waiting"] == [key.state for key in await world.directory.dkim_keys("example.test")]
    await world.directory.dkim_key_delete("example.test", "b")
    assert ["a"] == [key.selector for key in await world.directory.dkim_keys("example.test")]


async def test_the_same_keys_are_the_same_object(world: World) -> None:
    await add(world, "a")
    assert await world.directory.dkim_keys("example.test") is await world.directory.dkim_keys("example.test")


async def test_a_secret_is_never_written_out(world: World, tmp_path: Path) -> None:
    await add(world, "a")
    (key,) = await world.directory.dkim_keys("example.test")
    assert "private" not in repr(key)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET not in path.read_bytes(), path


@pytest.mark.parametrize(("domain", "selector", "reason"), [
    ("elsewhere.test", "x", Reason.NOT_FOUND), ("example.test", "a", Reason.ALREADY_EXISTS),
])  # fmt: skip
async def test_what_is_refused(world: World, domain: str, selector: str, reason: Reason) -> None:
    await add(world, "a")
    with pytest.raises(Refusal) as refusal:
        await add(world, selector, domain)
    assert reason == refusal.value.reason
    for state in ("signing", ""):
        with pytest.raises(Refusal) as refusal:
            await (world.directory.dkim_key_set("example.test", "z", state=state) if state else world.directory.dkim_key_delete("example.test", "z"))
        assert Reason.NOT_FOUND == refusal.value.reason
