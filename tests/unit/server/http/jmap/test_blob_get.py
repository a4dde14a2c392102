"""Blob methods (RFC 9404)."""

import base64
import hashlib
from typing import Any

import pytest
from tests.harness.jmap_mail import Jmap

from mailstead.model import limits
from mailstead.server.http.jmap.dispatch import MAIL

PARTS = (
    b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n--b\r\n"
    b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n/9j/\r\n--b--\r\n")


async def test_data_and_digests(jmap: Jmap) -> None:
    blob, strange = jmap.put(b"The quick brown fox"), jmap.put(b"\xff\xfe")
    found = await jmap.call("Blob/get", ids=[blob, strange, "none"], properties=["data", "size", "digest:sha-256", "digest:sha"])
    assert ["none"] == found["notFound"]
    first, second = found["list"]
    digest = base64.b64encode(hashlib.sha256(b"The quick brown fox").digest()).decode()
    assert ("The quick brown fox", 19, digest) == (first["data:asText"], first["size"], first["digest:sha-256"])
    assert (None, "//4=", True) == (second["data:asText"], second["data:asBase64"], second["isEncodingProblem"])
    (piece,) = (await jmap.call("Blob/get", ids=[blob], properties=["data:asText", "size"], offset=4, length=5))["list"]
    assert ("quick", 19, None) == (piece["data:asText"], piece["size"], piece.get("isTruncated"))
    (piece,) = (await jmap.call("Blob/get", ids=[blob], properties=["data:asBase64"], offset=16, length=50))["list"]
    assert (base64.b64encode(b"fox").decode(), True) == (piece["data:asBase64"], piece["isTruncated"])
    assert "invalidArguments" == await jmap.error("Blob/get", ids=[blob], properties=["digest:md4"])


async def test_parts_of_messages(jmap: Jmap) -> None:
    box = await jmap.make_box("Box")
    ident = await jmap.import_(PARTS, box)
    email = await jmap.one(ident, "blobId", "attachments", "htmlBody", "threadId", bodyProperties=["blobId", "type"])
    image = next(one["blobId"] for one in email["attachments"] + email["htmlBody"] if one["type"] == "image/png")
    (shown,) = (await jmap.call("Blob/get", ids=[image], properties=["data:asBase64"]))["list"]
    assert "/9j/" == shown["data:asBase64"]
    whole, upload = email["blobId"], jmap.put(b"x")
    found = await jmap.call("Blob/lookup", typeNames=["Mailbox", "Thread", "Email"], ids=[whole, image, upload, "none", "b0"])
    assert ["none", "b0"] == found["notFound"]
    assert [{"Mailbox": [], "Thread": [], "Email": []}] * 2 == [one["matchedIds"] for one in found["list"] if one["id"] in found["notFound"]]
    assert {"Mailbox": [box], "Thread": [email["threadId"]], "Email": [ident]} == found["list"][0]["matchedIds"] == found["list"][1]["matchedIds"]
    assert {"Mailbox": [], "Thread": [], "Email": []} == found["list"][2]["matchedIds"]
    assert "unknownDataType" == await jmap.error("Blob/lookup", typeNames=["Colour"], ids=[])


async def test_the_examples_of_the_text(jmap: Jmap) -> None:
    """RFC 9404 §4.1.2 and §4.2.2."""
    await jmap.call("Blob/upload", create={"b4": {"data": [{"data:asText": "The quick brown fox jumped over the lazy dog."}]}})
    await jmap.call("Blob/upload", create={"cat": {"data": [
        {"data:asText": "How"}, {"blobId": "#b4", "length": 7, "offset": 3}, {"data:asText": "was t"}, {"blobId": "#b4", "length": 1, "offset": 1},
        {"data:asBase64": "YXQ/"}]}})
    found = await jmap.call("Blob/get", properties=["data:asText", "size"], ids=["#cat"])
    assert ([{"id": jmap.created["cat"], "data:asText": "How quick was that?", "size": 19}], []) == (found["list"], found["notFound"])
    base = "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wZWQgb3ZlciB0aGUggYEgZG9nLg=="
    await jmap.call("Blob/upload", create={"b1": {"data": [{"data:asBase64": base}]}, "b2": {"data": [{"data:asText": "hello world"}], "type": "text/plain"}})
    both = {"ids": ["#b1", "#b2"]}

    async def shown(**arguments: Any) -> list[dict[str, Any]]:
        listed = (await jmap.call("Blob/get", **both, **arguments))["list"]
        assert [jmap.created["b1"], jmap.created["b2"]] == [one.pop("id") for one in listed]
        return list(listed)

    problem, hello = {"isEncodingProblem": True, "data:asText": None, "size": 43}, {"data:asText": "hello world", "size": 11}
    assert [problem | {"data:asBase64": base}, hello] == await shown()
    assert [problem, hello] == await shown(properties=["data:asText", "size"])
    assert [{"data:asBase64": base, "size": 43}, {"data:asBase64": "aGVsbG8gd29ybGQ=", "size": 11}] == await shown(properties=["data:asBase64", "size"])
    assert [{"data:asText": "The q", "size": 43}, {"data:asText": "hello", "size": 11}] == await shown(offset=0, length=5)
    cut = {"isTruncated": True}
    assert [problem | cut | {"data:asBase64": "anVtcGVkIG92ZXIgdGhlIIGBIGRvZy4="}, cut | {"data:asText": "", "size": 11}] == await shown(offset=20, length=100)
    assert [{}, {}] == await shown(properties=[])


async def test_the_size_of_a_message_is_known_without_reading_it(jmap: Jmap, monkeypatch: pytest.MonkeyPatch) -> None:
    email = await jmap.one(await jmap.import_(PARTS), "blobId", "size")

    async def none(*_: object) -> bytes:
        raise AssertionError("it was read")

    monkeypatch.setattr(jmap.shared.emails, "octets", none)
    found = await jmap.call("Blob/get", ids=[email["blobId"], "b0"], properties=["size"])
    assert ([{"id": email["blobId"], "size": len(PARTS)}], ["b0"]) == (found["list"], found["notFound"])
    assert email["size"] == len(PARTS)


async def test_what_is_given_out_at_once_is_bounded(jmap: Jmap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JMAP_GET_OCTETS", 10)
    blobs = [jmap.put(b"x" * 8), jmap.put(b"y" * 20)]
    assert 20 == (await jmap.call("Blob/get", ids=blobs[1:], properties=["digest:sha-512", "size"]))["list"][0]["size"]
    assert "requestTooLarge" == await jmap.error("Blob/get", ids=blobs, properties=["digest:sha-512"])


async def test_a_type_is_looked_up_where_its_capability_is_used(jmap: Jmap) -> None:
    """RFC 9404 §4.3."""
    ident = jmap.put(b"x")
    asked: dict[str, Any] = {"typeNames": ["Email", "ContactCard"], "ids": [ident]}
    assert {"Email": [], "ContactCard": []} == (await jmap.call("Blob/lookup", **asked))["list"][0]["matchedIds"]
    jmap.using = frozenset((MAIL, "urn:ietf:params:jmap:blob"))
    assert "unknownDataType" == await jmap.error("Blob/lookup", **asked)
    await jmap.call("Blob/upload", create={"z": {"data": []}})
    found = await jmap.call("Blob/lookup", typeNames=["Email"], ids=["#z"])
    assert ([jmap.created["z"]], []) == ([one["id"] for one in found["list"]], found["notFound"])
