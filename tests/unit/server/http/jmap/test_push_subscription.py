"""PushSubscription/set as it is asked for; what is sent to the device is tested with ``service.push`` (RFC 8620 §7.2)."""

from pathlib import Path

import pytest
from tests.harness.http import web_server

from mailstead.model import limits


async def test_null_may_be_said_and_the_whole_sent_back(tmp_path: Path) -> None:
    async with web_server(tmp_path) as web:
        given = {"deviceClientId": "d", "url": "https://push.example.test/x", "verificationCode": None, "expires": None, "keys": None, "types": None}
        ((_, made, _),) = await web.jmap(("PushSubscription/set", {"create": {"x": given, "y": {**given, "verificationCode": "mine"}}}))
        assert ["verificationCode"] == made["notCreated"]["y"]["properties"]
        ident = made["created"]["x"]["id"]
        ((_, found, _),) = await web.jmap(("PushSubscription/get", {"ids": [ident]}))
        whole = found["list"][0]
        ((_, done, _),) = await web.jmap(("PushSubscription/set", {"update": {ident: {**whole, "types": ["Email"]}}}))
        assert {ident: None} == done["updated"]
        ((_, done, _),) = await web.jmap(("PushSubscription/set", {"update": {ident: {**whole, "deviceClientId": "another"}}}))
        assert ["deviceClientId"] == done["notUpdated"][ident]["properties"]


async def test_what_is_no_patch(tmp_path: Path) -> None:
    """RFC 8620 §5.3: a patch never leads into a list."""
    async with web_server(tmp_path) as web:
        given = {"deviceClientId": "d", "url": "https://push.example.test/x", "types": ["Email"]}
        ((_, made, _),) = await web.jmap(("PushSubscription/set", {"create": {"x": given}}))
        ident = made["created"]["x"]["id"]
        ((_, done, _),) = await web.jmap(("PushSubscription/set", {"update": {ident: {"types/0": "Thread"}}}))
        assert "invalidPatch" == done["notUpdated"][ident]["type"]


async def test_each_credential_has_its_own(tmp_path: Path) -> None:
    """RFC 8620 §7.2: only those made with the same credential are seen, changed and destroyed."""
    async with web_server(tmp_path) as web:
        given = {"deviceClientId": "d", "url": "https://push.example.test/x"}
        browser, another = await web.signed_in(), await web.signed_in()
        idents = [
            (await web.jmap(("PushSubscription/set", {"create": {"x": given}}), headers=who))[0][1]["created"]["x"]["id"] for who in (None, browser, another)]
        for who, ident in zip((None, browser, another), idents, strict=True):
            other = idents[idents.index(ident) - 1]
            seen, done = await web.jmap(
                ("PushSubscription/get", {"ids": None}), ("PushSubscription/set", {"update": {other: {"types": ["Email"]}}, "destroy": [other]}), headers=who)
            assert [ident] == [one["id"] for one in seen[1]["list"]]
            assert ("notFound", "notFound") == (done[1]["notUpdated"][other]["type"], done[1]["notDestroyed"][other]["type"])


async def test_there_are_not_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8620 §8.6: neither at once, nor one after another."""
    monkeypatch.setattr(limits, "PUSH_SUBSCRIPTIONS", 3)
    monkeypatch.setattr(limits, "PUSH_SUBSCRIPTIONS_PER_HOUR", 4)
    async with web_server(tmp_path) as web:
        given = {"deviceClientId": "d", "url": "https://push.example.test/x"}
        await web.jmap(("PushSubscription/set", {"create": {"x": given}}), headers=await web.signed_in())
        ((_, found, _),) = await web.jmap(("PushSubscription/set", {"create": dict.fromkeys(("a", "b", "c"), given)}))
        assert (["a", "b"], "overQuota") == (list(found["created"]), found["notCreated"]["c"]["type"])
        idents = [one["id"] for one in found["created"].values()]
        await web.jmap(("PushSubscription/set", {"destroy": idents}))
        ((_, found, _),) = await web.jmap(("PushSubscription/set", {"create": dict.fromkeys(("a", "b"), given)}))
        assert (["a"], "rateLimit") == (list(found["created"]), found["notCreated"]["b"]["type"])
        ((_, found, _),) = await web.jmap(("PushSubscription/get", {"ids": ["o1"] * 2 + [f"o{number}" for number in range(600)]}))
        assert "requestTooLarge" == found["type"]
