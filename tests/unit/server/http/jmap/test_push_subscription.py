"""PushSubscription/set as it is asked for; what is sent to the device is tested with ``service.push`` (RFC 8620 §7.2)."""

from pathlib import Path

from tests.harness.http import web_server


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
