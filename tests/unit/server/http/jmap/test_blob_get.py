"""Blob methods (RFC 9404)."""

import base64
import hashlib

from tests.harness.jmap_mail import Jmap

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
    assert ("//4=", True) == (second["data:asBase64"], second["isEncodingProblem"])
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
    assert {"Mailbox": [box], "Thread": [email["threadId"]], "Email": [ident]} == found["list"][0]["matchedIds"] == found["list"][1]["matchedIds"]
    assert {"Mailbox": [], "Thread": [], "Email": []} == found["list"][2]["matchedIds"]
    assert "unknownDataType" == await jmap.error("Blob/lookup", typeNames=["Colour"], ids=[])
