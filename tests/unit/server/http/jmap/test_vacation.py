"""VacationResponse methods: a singleton."""

from tests.harness.jmap_mail import Jmap


async def test_there_is_one_from_the_start(jmap: Jmap) -> None:
    found = await jmap.call("VacationResponse/get", ids=None)
    whole = {"id": "singleton", "isEnabled": False, "fromDate": None, "toDate": None, "subject": None, "textBody": None, "htmlBody": None}
    assert [whole] == found["list"]
    assert [whole] == (await jmap.call("VacationResponse/get", ids=["singleton"]))["list"]
    assert ["other"] == (await jmap.call("VacationResponse/get", ids=["other"]))["notFound"]
    done = await jmap.call("VacationResponse/set", update={"singleton": {"isEnabled": True, "subject": "away", "toDate": "2026-12-24T00:00:00Z"}})
    assert {"singleton": None} == done["updated"]
    (one,) = (await jmap.call("VacationResponse/get"))["list"]
    assert (True, "away", "2026-12-24T00:00:00Z") == (one["isEnabled"], one["subject"], one["toDate"])
    told = await jmap.call("VacationResponse/changes", sinceState=found["state"])
    assert ([], ["singleton"]) == (told["created"], told["updated"])


async def test_it_is_neither_made_nor_destroyed(jmap: Jmap) -> None:
    done = await jmap.call(
        "VacationResponse/set", create={"x": {"isEnabled": True}}, destroy=["singleton", "y"], update={"y": {}, "singleton": {"toDate": "soon"}})
    assert ("singleton", "singleton", "notFound", "notFound") == (
        done["notCreated"]["x"]["type"], done["notDestroyed"]["singleton"]["type"], done["notDestroyed"]["y"]["type"], done["notUpdated"]["y"]["type"])
    assert "willDestroy" == done["notUpdated"]["singleton"]["type"]
    done = await jmap.call("VacationResponse/set", update={"singleton": {"toDate": "soon"}})
    assert ["toDate"] == done["notUpdated"]["singleton"]["properties"]
