"""Blob/upload (RFC 9404 §4.1)."""

from typing import Any

import pytest
from tests.harness.jmap_mail import Jmap

from mailstead.model import limits


async def test_blobs_are_put_together_from_pieces(jmap: Jmap) -> None:
    first = jmap.put(b"The quick brown fox")
    found = await jmap.call("Blob/upload", create={
        "a": {"data": [{"data:asText": "How "}, {"blobId": first, "offset": 4, "length": 5}, {"data:asBase64": "ISE="}], "type": "text/plain"},
        "b": {"data": [{"blobId": "#a"}, {"data:asText": " ü"}]}, "c": {"data": []}})
    assert {"accountId", "created", "notCreated"} == found.keys()  # blobs have no state
    assert found["notCreated"] is None
    assert ("text/plain", 11, None, 14, 0) == (
        found["created"]["a"]["type"], found["created"]["a"]["size"], found["created"]["b"]["type"], found["created"]["b"]["size"],
        found["created"]["c"]["size"])
    shown = await jmap.call("Blob/get", ids=[found["created"]["b"]["id"]], properties=["data:asText"])
    assert "How quick!! ü" == shown["list"][0]["data:asText"]
    email = await jmap.draft(attachments=[{"blobId": "#b", "type": "text/csv", "name": "x.csv"}], subject="made from it")
    assert 14 == (await jmap.one(email, "attachments"))["attachments"][0]["size"]


@pytest.mark.parametrize(("given", "kind"), [
    ({}, "invalidProperties"), ({"data": None}, "invalidProperties"), ({"data": [{}]}, "invalidProperties"), ({"data": [5]}, "invalidProperties"),
    ({"data": [{"data:asText": "x", "data:asBase64": "eA=="}]}, "invalidProperties"), ({"data": [{"data:asBase64": "%"}]}, "invalidProperties"), ({"data": [{"data:asBase64": "é"}]}, "invalidProperties"),
    ({"data": [{"data:asText": 5}]}, "invalidProperties"), ({"data": [{"data:asText": "x", "offset": 1}]}, "invalidProperties"),
    ({"data": [{"blobId": "none"}]}, "blobNotFound"), ({"data": [{"blobId": "u0", "offset": 2, "length": 9}]}, "invalidProperties"),
    ({"data": [{"blobId": "u0", "offset": -1}]}, "invalidProperties"), ({"data": [{"data:asText": "x"}], "type": 5}, "invalidProperties"),
    ({"data": [{"data:asText": "x"}], "colour": 5}, "invalidProperties"),
    ({"data": [{"data:asText": "x"}] * (limits.JMAP_BLOB_SOURCES + 1)}, "invalidProperties"),
    ({"data": [{"data:asText": "x" * limits.JMAP_BLOB_SET}, {"data:asText": "x"}]}, "tooLarge"),
    ({"data": [{"data:asText": "\ud800"}]}, "invalidProperties"),
])
async def test_what_cannot_be_made_is_named(jmap: Jmap, given: dict[str, Any], kind: str) -> None:
    jmap.put(b"abc")
    found = await jmap.call("Blob/upload", create={"x": given})
    assert (None, kind) == (found["created"], found["notCreated"]["x"]["type"])


async def test_arguments(jmap: Jmap) -> None:
    assert "invalidArguments" == await jmap.error("Blob/upload", create=[])
    jmap.may_write = False
    assert "accountReadOnly" == await jmap.error("Blob/upload", create={})


async def test_blobs_are_copied_from_other_accounts_only(two: tuple[Jmap, Jmap]) -> None:
    mine, other = two
    mine.others[other.account_id] = other.account
    blob = other.put(b"octets")
    found = await mine.call("Blob/copy", fromAccountId=other.account_id, blobIds=[blob, "nope"])
    assert (other.account_id, "blobNotFound") == (found["fromAccountId"], found["notCopied"]["nope"]["type"])
    assert b"octets" == mine.shared.uploads[(mine.account, found["copied"][blob])]
    assert "invalidArguments" == await mine.error("Blob/copy", fromAccountId=mine.account_id, blobIds=[])
    assert "fromAccountNotFound" == await mine.error("Blob/copy", fromAccountId="a1", blobIds=[])
    assert "invalidArguments" == await mine.error("Blob/copy", fromAccountId=other.account_id, blobIds="x")
