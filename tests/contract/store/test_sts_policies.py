"""Policies of other domains, remembered over restarts."""

from tests.contract.store.conftest import World

FAR = 1 << 50


async def test_a_policy_is_remembered_and_replaced(world: World) -> None:
    assert None is await world.directory.sts_policy("example.net")
    await world.directory.sts_policy_set("Example.net", "1", "text", FAR)
    assert ("1", "text", FAR) == await world.directory.sts_policy("example.NET")
    await world.directory.sts_policy_set("example.net", "2", "other", FAR + 1)
    assert ("2", "other", FAR + 1) == await world.directory.sts_policy("example.net")


async def test_what_has_expired_is_forgotten(world: World) -> None:
    await world.directory.sts_policy_set("old.test", "1", "text", 1)
    await world.directory.sts_policy_set("new.test", "1", "text", FAR)
    assert None is await world.directory.sts_policy("old.test")
