"""ClientSettings methods."""

import asyncio

from tests.harness.jmap_mail import Jmap

from mailstead.model import limits


async def test_made_changed_destroyed_and_told(jmap: Jmap) -> None:
    start = (await jmap.call("ClientSettings/get", ids=None))["state"]
    made = await jmap.call("ClientSettings/set", create={"x": {"id": "theme", "value": {"dark": True}}, "y": {"id": "font", "value": 12}})
    assert ({"theme", "font"}, None) == ({one["id"] for one in made["created"].values()}, made["notCreated"])
    found = await jmap.call("ClientSettings/get", ids=["theme", "gone"])
    assert ({"dark": True}, 1, ["gone"]) == (found["list"][0]["value"], found["list"][0]["schema"], found["notFound"])
    told = await jmap.call("ClientSettings/changes", sinceState=start, maxChanges=1)
    assert (["theme"], True) == (told["created"], told["hasMoreChanges"])
    assert ["font"] == (await jmap.call("ClientSettings/changes", sinceState=told["newState"]))["created"]
    done = await jmap.call("ClientSettings/set", ifInState=made["newState"], update={"theme": {"value": None}}, destroy=["font", "nothing"])
    assert (["font"], ["nothing"], ["theme"]) == (done["destroyed"], list(done["notDestroyed"]), list(done["updated"]))
    told = await jmap.call("ClientSettings/changes", sinceState=made["newState"])
    assert (["theme"], ["font"], []) == (told["updated"], told["destroyed"], told["created"])
    assert ["theme"] == [one["id"] for one in (await jmap.call("ClientSettings/get"))["list"]]
    assert "stateMismatch" == await jmap.error("ClientSettings/set", ifInState=start)
    await jmap.call("ClientSettings/set", create={"x": {"id": "font", "value": 13}})
    assert 13 == (await jmap.call("ClientSettings/get", ids=["font"]))["list"][0]["value"]


async def test_what_cannot_be_is_refused_object_by_object(jmap: Jmap) -> None:
    await jmap.call("ClientSettings/set", create={"x": {"id": "a", "value": 1}})
    done = await jmap.call(
        "ClientSettings/set", update={"b": {"value": 1}, "a": {"colour": 1}},
        create={"1": {"id": "a", "value": 2}, "2": {"id": "no/name", "value": 2}, "3": {"id": "c"},
                "4": {"id": "d", "value": "x" * limits.KEPT_OBJECT}, "5": {"id": "e", "value": 1, "schema": "x"}})
    assert {"1": "alreadyExists", "2": "invalidProperties", "3": "invalidProperties", "4": "tooLarge", "5": "invalidProperties"} == {
        key: one["type"] for key, one in done["notCreated"].items()}
    assert {"b": "notFound", "a": "invalidProperties"} == {key: one["type"] for key, one in done["notUpdated"].items()}
    assert done["oldState"] == done["newState"]
    jmap.may_write = False
    assert "accountReadOnly" == await jmap.error("ClientSettings/set")
    assert "cannotCalculateChanges" == await jmap.error("ClientSettings/changes", sinceState="99-1")


async def test_two_at_once_lose_nothing(jmap: Jmap) -> None:
    await asyncio.gather(*(jmap.call("ClientSettings/set", create={"x": {"id": f"k{n}", "value": n}}) for n in range(4)))
    assert {"k0", "k1", "k2", "k3"} == {one["id"] for one in (await jmap.call("ClientSettings/get"))["list"]}


async def test_others_see_nothing_of_it(two: tuple[Jmap, Jmap]) -> None:
    await two[0].call("ClientSettings/set", create={"x": {"id": "a", "value": 1}})
    found = await two[1].call("ClientSettings/get", ids=["a"])
    assert ([], ["a"]) == (found["list"], found["notFound"])
