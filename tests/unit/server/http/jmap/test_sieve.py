"""SieveScript methods (RFC 9661)."""

from typing import Any

from tests.harness.jmap_mail import Jmap

from mailstead import __version__
from mailstead.model import limits
from mailstead.server.http.jmap import sieve

KEEP = b"keep;\r\n"
STOP = b"stop;\r\n"


async def make(jmap: Jmap, name: str | None = "one", octets: bytes = KEEP, **more: Any) -> dict[str, Any]:
    found = await jmap.call("SieveScript/set", create={"x": {"name": name, "blobId": jmap.put(octets)}}, **more)
    assert found["notCreated"] is None, found["notCreated"]
    return dict(found["created"]["x"])


async def content(jmap: Jmap, blob_id: str) -> str | None:
    found = await jmap.call("Blob/get", ids=[blob_id], properties=["data:asText"])
    return found["list"][0]["data:asText"] if found["list"] else None


async def listed(jmap: Jmap) -> dict[str, bool]:
    return {one["name"]: one["isActive"] for one in (await jmap.call("SieveScript/get"))["list"]}


async def test_it_is_made_shown_changed_and_told(jmap: Jmap) -> None:
    start = (await jmap.call("SieveScript/get"))["state"]
    made = await make(jmap)
    assert {"id", "blobId", "isActive"} == set(made)
    (one,) = (await jmap.call("SieveScript/get"))["list"]
    assert {"id": made["id"], "name": "one", "blobId": made["blobId"], "isActive": False} == one
    found = (await jmap.call("Blob/lookup", typeNames=["SieveScript", "Email"], ids=[one["blobId"]]))["list"]
    assert [{"id": one["blobId"], "matchedIds": {"SieveScript": [made["id"]], "Email": []}}] == found
    jmap.shared.uploads.clear()  # an upload does not last, a script does
    assert KEEP.decode() == await content(jmap, one["blobId"])
    assert [made["id"]] == (await jmap.call("SieveScript/changes", sinceState=start))["created"]
    done = await jmap.call("SieveScript/set", update={one["id"]: {"blobId": jmap.put(STOP), "name": "two"}})
    new = done["updated"][one["id"]]["blobId"]
    assert (STOP.decode(), None) == (await content(jmap, new), await content(jmap, one["blobId"]))
    done = await jmap.call("SieveScript/set", update={one["id"]: {"name": "three"}})
    assert ({one["id"]: None}, STOP.decode()) == (done["updated"], await content(jmap, new))
    assert [one["id"]] == (await jmap.call("SieveScript/set", destroy=[one["id"]]))["destroyed"]
    assert (None, []) == (await content(jmap, new), (await jmap.call("SieveScript/get"))["list"])


async def test_one_script_at_most_is_active(jmap: Jmap) -> None:
    one = await make(jmap, "one", onSuccessActivateScript="#x")
    assert one["isActive"]
    done = await jmap.call("SieveScript/set", create={"y": {"name": "two", "blobId": one["blobId"]}}, onSuccessActivateScript="#y")
    assert ({one["id"]: {"isActive": False}}, True) == (done["updated"], done["created"]["y"]["isActive"])
    two = done["created"]["y"]["id"]
    assert {"one": False, "two": True} == await listed(jmap)
    assert KEEP.decode() == await content(jmap, done["created"]["y"]["blobId"])
    done = await jmap.call("SieveScript/set", onSuccessActivateScript=one["id"])
    assert {one["id"]: {"isActive": True}, two: {"isActive": False}} == done["updated"]
    again = await jmap.call("SieveScript/set", onSuccessActivateScript=one["id"])
    assert (None, again["oldState"]) == (again["updated"], again["newState"])
    done = await jmap.call("SieveScript/set", destroy=[one["id"]], onSuccessDeactivateScript=True)
    assert "sieveIsActive" == done["notDestroyed"][one["id"]]["type"]
    for wish in ("o1", "#none", None):
        await jmap.call("SieveScript/set", onSuccessActivateScript=wish)
    done = await jmap.call("SieveScript/set", update={two: {"isActive": True}}, onSuccessActivateScript=two)
    assert "invalidProperties" == done["notUpdated"][two]["type"]
    assert {"one": True, "two": False} == await listed(jmap)
    await jmap.call("SieveScript/set", onSuccessActivateScript=two, onSuccessDeactivateScript=True)
    assert {"one": False, "two": True} == await listed(jmap)
    done = await jmap.call("SieveScript/set", onSuccessDeactivateScript=True)
    assert {two: {"isActive": False}} == done["updated"]
    assert [one["id"], two] == (await jmap.call("SieveScript/set", destroy=[one["id"], two]))["destroyed"]
    for bad in ({"onSuccessActivateScript": 1}, {"onSuccessDeactivateScript": "yes"}):
        assert "invalidArguments" == await jmap.error("SieveScript/set", **bad)


async def test_a_script_made_and_changed_in_one_call_keeps_its_content(jmap: Jmap) -> None:
    done = await jmap.call(
        "SieveScript/set", create={"x": {"name": "a", "blobId": jmap.put(KEEP)}}, update={"#x": {"name": "b"}}, onSuccessActivateScript="#x")
    assert {"b": True} == await listed(jmap)
    assert KEEP.decode() == await content(jmap, done["created"]["x"]["blobId"])


async def test_what_cannot_be_is_refused(jmap: Jmap) -> None:
    one = await make(jmap)
    other, good = await make(jmap, "e\u0301"), jmap.put(KEEP)
    for given, kind in (
        ({"name": "one", "blobId": good}, "alreadyExists"), ({"name": "\u00e9", "blobId": good}, "alreadyExists"), ({"name": "n", "blobId": "u99"}, "blobNotFound"),
        ({"name": "n", "blobId": jmap.put(b"keep;\n  keepme;")}, "invalidSieve"), ({"name": "n", "blobId": jmap.put(b"#" * (limits.SIEVE_SCRIPT + 1))}, "tooLarge"),
        ({"name": "", "blobId": good}, "invalidProperties"), ({"name": "a\nb", "blobId": good}, "invalidProperties"), ({"name": "\u2028", "blobId": good}, "invalidProperties"),
        ({"name": "\u00fc" * 257, "blobId": good}, "invalidProperties"), ({"name": "n"}, "invalidProperties"), ({"name": "n", "blobId": good, "isActive": True}, "invalidProperties"),
        ({"name": "n", "blobId": one["blobId"][:-1] + "x"}, "blobNotFound"),
    ):  # fmt: skip
        done = await jmap.call("SieveScript/set", create={"x": given}, onSuccessActivateScript=other["id"])
        assert kind == done["notCreated"]["x"]["type"], (given["name"], done["notCreated"])
        if kind == "alreadyExists":
            assert done["notCreated"]["x"]["existingId"] == (one["id"] if given["name"] == "one" else other["id"])
        if kind == "invalidSieve":
            assert "line 2, column 3: " in done["notCreated"]["x"]["description"]
    assert {"one": False, "\u00e9": False} == await listed(jmap)
    assert "alreadyExists" == (await jmap.call("SieveScript/set", update={other["id"]: {"name": "one"}}))["notUpdated"][other["id"]]["type"]
    assert {other["id"]: None} == (await jmap.call("SieveScript/set", update={other["id"]: {"name": "\u00e9"}}))["updated"]
    many = {f"n{number}": {"blobId": good} for number in range(limits.SIEVE_SCRIPTS - 1)}
    done = await jmap.call("SieveScript/set", create=many)
    assert (limits.SIEVE_SCRIPTS - 2, ["overQuota"]) == (len(done["created"]), [one["type"] for one in done["notCreated"].values()])
    assert "script 1" == done["created"]["n0"]["name"]


async def test_a_call_brings_so_many_octets(jmap: Jmap) -> None:
    large = jmap.put(b"#" * limits.SIEVE_SCRIPT)
    most = limits.SIEVE_JUDGED // limits.SIEVE_SCRIPT
    done = await jmap.call("SieveScript/set", create={f"n{number}": {"blobId": large} for number in range(most + 2)})
    assert (most, {"rateLimit"}) == (len(done["created"]), {one["type"] for one in done["notCreated"].values()})


async def test_queries_of_scripts(jmap: Jmap) -> None:
    beta, alpha = await make(jmap, "beta"), await make(jmap, "Alpha")
    found = await jmap.call("SieveScript/query", sort=[{"property": "name"}], calculateTotal=True)
    assert ([alpha["id"], beta["id"]], 2) == (found["ids"], found["total"])
    await jmap.call("SieveScript/set", onSuccessActivateScript=beta["id"])
    assert [beta["id"]] == (await jmap.call("SieveScript/query", filter={"isActive": True}))["ids"]
    assert [alpha["id"]] == (await jmap.call("SieveScript/query", filter={"name": "alp"}))["ids"]
    assert [beta["id"], alpha["id"]] == (await jmap.call("SieveScript/query", sort=[{"property": "isActive", "isAscending": False}]))["ids"]
    told = await jmap.call("SieveScript/queryChanges", sort=[{"property": "name"}], sinceQueryState=found["queryState"])
    assert ([beta["id"]], [{"id": beta["id"], "index": 1}]) == (told["removed"], told["added"])
    for bad in ({"name": 1}, {"isActive": "x"}):
        assert "invalidArguments" == await jmap.error("SieveScript/query", filter=bad)


async def test_a_script_is_judged_without_being_kept(jmap: Jmap) -> None:
    for octets, kind in ((KEEP, None), (b'require "nope"; keep;', "invalidSieve")):
        error = (await jmap.call("SieveScript/validate", blobId=jmap.put(octets)))["error"]
        assert kind == (error and error["type"])
    error = (await jmap.call("SieveScript/validate", blobId=jmap.put(b"")))["error"]  # RFC 9661 §2.2: of at least one character
    assert ("invalidSieve", True) == (error["type"], "line 1" in error["description"])
    assert "blobNotFound" == (await jmap.call("SieveScript/validate", blobId="u99"))["error"]["type"]
    assert "invalidArguments" == await jmap.error("SieveScript/validate", blobId=1)
    assert {} == await listed(jmap)


def test_the_capability_says_what_holds() -> None:
    assert f"Mailstead {__version__}" == sieve.server_capability()["implementation"]  # its name and version
    said = sieve.capability()
    assert said["maxSizeScriptName"] >= 512  # RFC 9661 §1.2.1
    assert {"fileinto", "vacation", "variables"} < set(said["sieveExtensions"])
    assert "enotify" not in said["sieveExtensions"]
    assert said["notificationMethods"] is None


async def test_a_name_has_so_many_octets(jmap: Jmap) -> None:
    """RFC 9661 §1.2.1."""
    good = jmap.put(b"keep;")
    done = await jmap.call("SieveScript/set", create={
        "fits": {"name": "é" * (limits.SIEVE_NAME // 2), "blobId": good}, "long": {"name": "é" * (limits.SIEVE_NAME // 2) + "e", "blobId": good}})
    assert (["fits"], ["long"]) == (list(done["created"]), list(done["notCreated"]))
    assert ["name"] == done["notCreated"]["long"]["properties"]
