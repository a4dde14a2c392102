"""Small objects beside the mail: compare and set, their own log."""

import pytest
from tests.contract.store.conftest import World

from mailstead.model import limits
from mailstead.model.email import Position
from mailstead.model.errors import Reason, Refusal
from mailstead.model.object import Due, DueKind, ObjectKind, ObjectWrite

KIND = ObjectKind.CLIENT_SETTINGS


async def test_what_was_set_is_there_and_only_here(world: World) -> None:
    kept = world.store.kept
    before = await kept.of(world.a, KIND)
    assert await kept.set(world.a, world.op(), KIND, [ObjectWrite(1, b"one"), ObjectWrite(2, b"two")], at=before.state.modseq)
    now = await kept.of(world.a, KIND)
    assert [(one.object_id, one.doc, one.gone) for one in now.objects] == [(1, b"one", False), (2, b"two", False)]
    assert now.objects[0].modseq < now.objects[1].modseq == now.state.modseq == await world.mail.modseq(world.a)
    assert () == (await kept.of(world.b, KIND)).objects
    assert [True, False, False] == [
        await kept.has(world.a, KIND), await kept.has(world.a, ObjectKind.REMINDER), await kept.has(world.b, KIND)]


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


@pytest.mark.parametrize(("kind", "bound"), [(KIND, "KEPT_OBJECTS"), (ObjectKind.CONTACT, "CONTACTS")])
async def test_how_many_there_may_be(world: World, monkeypatch: pytest.MonkeyPatch, kind: ObjectKind, bound: str) -> None:
    """``limits.KEPT_OBJECTS``, and ``limits.CONTACTS`` of cards; ``limits.KEPT_OBJECTS_EVER`` with those that are gone and not forgotten yet."""
    kept = world.store.kept

    async def put(*writes: ObjectWrite) -> bool:
        return await kept.set(world.a, world.op(), kind, writes, at=(await kept.of(world.a, kind)).state.modseq)

    monkeypatch.setattr(limits, bound, 2)
    monkeypatch.setattr(limits, "KEPT_OBJECTS_EVER", 3)
    assert await put(ObjectWrite(1, b"a"), ObjectWrite(2, b"b"))
    with pytest.raises(Refusal):
        await put(ObjectWrite(3, b"c"))
    assert await put(ObjectWrite(1, b"", gone=True), ObjectWrite(2, b"", gone=True))
    assert await put(ObjectWrite(3, b"c"))
    with pytest.raises(Refusal) as caught:
        await put(ObjectWrite(4, b"d"))
    assert caught.value.reason is Reason.LIMIT
    assert await put(ObjectWrite(1, b"again"))


def test_a_name_has_one_number_in_each_account(world: World) -> None:
    number = world.store.kept.number
    assert number(world.a, KIND, "theme") == number(world.a, KIND, "theme")
    assert 3 == len({number(world.a, KIND, "theme"), number(world.a, KIND, "font"), number(world.b, KIND, "theme")})


async def test_only_those_named_are_opened_and_states_cost_nothing(world: World) -> None:
    kept = world.store.kept
    await kept.set(world.a, world.op(), KIND, [ObjectWrite(n, b"x") for n in range(1, 6)], at=0)
    found = await kept.of(world.a, KIND, [2, 9])
    assert [2] == [one.object_id for one in found.objects]
    assert [found.state, Position(found.state.epoch, 0)] == await kept.states(world.a, [KIND, ObjectKind.REMINDER])


async def due(world: World, now_ms: int) -> list[Due]:
    """Of all workers: who owns the shard finds it."""
    return [one for store in world.stores for one in await store.kept.due(now_ms, 10)]


async def test_what_is_due_is_found_until_it_is_put_off_or_gone(world: World) -> None:
    kept, kind = world.store.kept, ObjectKind.REMINDER
    await kept.set(world.a, world.op(), kind, [ObjectWrite(1, b"", due_at_ms=50), ObjectWrite(2, b"", due_at_ms=60), ObjectWrite(3, b"")], at=0)
    assert [] == await due(world, 49)
    assert [Due(world.a, DueKind.REMINDER, 1), Due(world.a, DueKind.REMINDER, 2)] == await due(world, 60)
    await kept.set_due(world.a, DueKind.REMINDER, 1, 100)
    state = (await kept.states(world.a, [kind]))[0].modseq
    await kept.set(world.a, world.op(), kind, [ObjectWrite(2, b"", gone=True)], at=state)
    assert [] == await due(world, 99)
    assert [1] == [one.object_id for one in await due(world, 100)]


async def test_pieces_are_kept_with_their_object_and_go_with_it(world: World) -> None:
    kept, kind = world.store.kept, ObjectKind.JOB
    await kept.set(world.a, world.op(), kind, [ObjectWrite(1, b"", pieces=((0, b"zero"), (1, b"one")))], at=0)
    assert (b"one", None) == (await kept.piece(world.a, kind, 1, 1), await kept.piece(world.a, kind, 1, 2))
    await kept.set(world.a, world.op(), kind, [ObjectWrite(1, b"", gone=True)], at=(await kept.states(world.a, [kind]))[0].modseq)
    assert await kept.piece(world.a, kind, 1, 1) is None


async def test_an_automatic_reply_goes_once_in_a_while(world: World) -> None:
    kept = world.store.kept
    assert [True, False, True] == [await kept.may_answer(world.a, peer, again_after_ms=1_000_000) for peer in ("b@x", "B@x", "c@x")]
    assert await kept.may_answer(world.b, "b@x", again_after_ms=1_000_000)
    assert await kept.may_answer(world.a, "b@x", again_after_ms=0)
