"""Small objects beside the mail: compare and set, their own log."""

import pytest
from tests.contract.store.conftest import World

from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal
from mailstead.model.object import ObjectKind, ObjectWrite

KIND = ObjectKind.CLIENT_SETTINGS


async def test_what_was_set_is_there_and_only_here(world: World) -> None:
    kept = world.store.kept
    before = await kept.of(world.a, KIND)
    assert await kept.set(world.a, world.op(), KIND, [ObjectWrite(1, b"one"), ObjectWrite(2, b"two")], at=before.state.modseq)
    now = await kept.of(world.a, KIND)
    assert [(one.object_id, one.doc, one.gone) for one in now.objects] == [(1, b"one", False), (2, b"two", False)]
    assert now.objects[0].modseq < now.objects[1].modseq == now.state.modseq == await world.mail.modseq(world.a)
    assert () == (await kept.of(world.b, KIND)).objects


async def test_who_looked_too_early_changes_nothing(world: World) -> None:
    kept = world.store.kept
    assert await kept.set(world.a, world.op(), KIND, [ObjectWrite(1, b"one")], at=0)
    assert not await kept.set(world.a, world.op(), KIND, [ObjectWrite(1, b"other")], at=0)
    (one,) = (await kept.of(world.a, KIND)).objects
    assert one.doc == b"one"


async def test_what_is_gone_is_remembered_and_may_come_again(world: World) -> None:
    kept = world.store.kept
    await kept.set(world.a, world.op(), KIND, [ObjectWrite(1, b"one")], at=0)
    first = await kept.of(world.a, KIND)
    await kept.set(world.a, world.op(), KIND, [ObjectWrite(1, b"", gone=True)], at=first.state.modseq)
    gone = await kept.of(world.a, KIND)
    assert (gone.objects[0].gone, gone.objects[0].made) == (True, first.objects[0].made)
    await kept.set(world.a, world.op(), KIND, [ObjectWrite(1, b"again")], at=gone.state.modseq)
    again = (await kept.of(world.a, KIND)).objects[0]
    assert (again.gone, again.doc) == (False, b"again")
    assert again.made == again.modseq > gone.state.modseq


async def test_too_many_and_suspended(world: World) -> None:
    kept = world.store.kept
    with pytest.raises(Refusal) as caught:
        await kept.set(world.a, world.op(), KIND, [ObjectWrite(n, b"") for n in range(limits.KEPT_OBJECTS + 1)], at=0)
    assert caught.value.reason is Reason.LIMIT
    await world.directory.account_set(world.a, state="suspended")
    with pytest.raises(Refusal) as caught:
        await kept.set(world.a, world.op(), KIND, [ObjectWrite(1, b"")], at=0)
    assert caught.value.reason is Reason.ACCOUNT_SUSPENDED


def test_a_name_has_one_number_in_each_account(world: World) -> None:
    number = world.store.kept.number
    assert number(world.a, KIND, "theme") == number(world.a, KIND, "theme")
    assert 3 == len({number(world.a, KIND, "theme"), number(world.a, KIND, "font"), number(world.b, KIND, "theme")})
