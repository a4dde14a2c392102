"""Fuzz target: any JSON as a JMAP request: references, filters, sorts, properties, emails to be written.

``python -m tests.fuzz.jmap [seconds] [seed]`` mutates requests by itself; ``one(octets)`` is the entry for a coverage-guided fuzzer.
What must hold: each part gives a value or the refusal it documents, never another exception, within a second; what is written from
an Email object is a message that can be read.
"""

import copy
import random
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
from tests.harness import fuzz

from mailstead.mime.scan import scan
from mailstead.model.ids import MailboxId
from mailstead.protocol.jmap import reference, request
from mailstead.protocol.jmap.errors import RequestError
from mailstead.protocol.jmap.mail import compose, email, filters

_CORE = "urn:ietf:params:jmap:core"
_MOST_S = 1.0
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1 << 62, 1.5, "", "a", "#a", "/ids", "/list/*/id", "*", "\x00", "ä" * 300, "a@b", "2026-01-01T00:00:00Z", "9999-12-31T23:59:60Z", [], {}, [[]],
    "text/plain", "multipart/mixed", "header:Subject:asText:all", "header:X\r\nY", "\r\nBcc: x@y", "us-ascii", "message/rfc822",
)  # fmt: skip
_REQUEST: dict[str, Any] = {
    "using": [_CORE], "createdIds": {"a": "e1"},
    "methodCalls": [
        ["Email/query", {
            "filter": {"operator": "AND", "conditions": [
                {"inMailbox": "m1", "text": "hello -world \"exact words\"", "before": "2026-01-01T00:00:00Z", "minSize": 5, "hasAttachment": True},
                {"operator": "NOT", "conditions": [{"header": ["Subject", "x"], "hasKeyword": "$seen"}, {"inMailboxOtherThan": ["m2"]}]}]},
            "sort": [{"property": "receivedAt", "isAscending": False}, {"property": "hasKeyword", "keyword": "$flagged", "collation": "i;ascii-casemap"}],
            "position": 0, "limit": 50, "calculateTotal": True}, "0"],
        ["Email/get", {
            "#ids": {"resultOf": "0", "name": "Email/query", "path": "/list/*/id"}, "properties": ["id", "subject", "header:List-Id:asText", "bodyStructure"],
            "bodyProperties": ["partId", "header:Content-Type"], "fetchAllBodyValues": True, "maxBodyValueBytes": 100}, "1"],
        ["Email/set", {"create": {"k": {
            "mailboxIds": {"m1": True}, "keywords": {"$draft": True}, "from": [{"name": "Jörg", "email": "j@example.test"}], "to": [{"name": None, "email": "a@b"}],
            "subject": "Grüße", "header:X-A:asURLs": ["https://example.test/"], "sentAt": "2026-01-01T00:00:00+01:00", "messageId": ["a@b"],
            "bodyStructure": {"type": "multipart/alternative", "subParts": [
                {"partId": "1", "type": "text/plain"}, {"partId": "2", "type": "text/html", "disposition": "inline", "language": ["en"], "cid": "c@d"},
                {"blobId": "b1", "type": "image/png", "name": "ä.png"}]},
            "bodyValues": {"1": {"value": "a\nb"}, "2": {"value": "<p>a"}}}}}, "2"],
    ],
}  # fmt: skip
_RESPONSES: list[tuple[str, dict[str, Any], str]] = [("Email/query", {"list": [{"id": ["a", "b"]}, {"id": "c"}], "ids": ["d"]}, "0")]


def one(octets: bytes) -> None:
    """One run: a request's body."""
    started = time.process_time()
    with suppress(RequestError):
        for name, arguments, _ in request.read(octets, {_CORE}).method_calls:
            with suppress(reference.Unresolved):
                call(name, reference.resolved(arguments, _RESPONSES, reference.Budget()))
    assert time.process_time() - started < _MOST_S


def call(name: str, arguments: dict[str, Any]) -> None:
    """What a method reads of its arguments before it asks the store."""
    match name:
        case "Email/query":
            with suppress(filters.BadFilter):
                filters.Filters(lambda _: MailboxId(1)).condition(arguments.get("filter"))
            with suppress(filters.BadFilter):
                filters.comparators(arguments.get("sort"))
        case "Email/get":
            properties = arguments.get("properties")
            if properties is None or (isinstance(properties, list) and all(isinstance(each, str) for each in properties)):
                with suppress(email.BadProperty):
                    email.plan(None if properties is None else tuple(properties), arguments)
        case "Email/set":
            create = arguments.get("create")
            for each in create.values() if isinstance(create, dict) else ():
                if isinstance(each, dict):
                    with suppress(compose.BadEmail):
                        write(compose.draft(each))


def write(draft: compose.Draft) -> None:
    """The message, with a small octet string for each blob."""
    boundaries = (f"boundary{number}" for number in range(1_000_000))
    octets = compose.message(draft, dict.fromkeys(draft.blobs, b"\x89PNG"), now=_NOW, message_id="<a@b>", boundary=lambda: next(boundaries))
    found = scan(octets)
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert b"\r" not in octets.replace(b"\r\n", b"")
    assert b"\r\nbcc: x@y" not in octets[: found.header_octets].lower()


def mutated(chance: random.Random) -> bytes:
    """The request with a few values changed, sometimes octets as well."""
    tree = msgspec.json.decode(msgspec.json.encode(_REQUEST))
    for _ in range(chance.randint(1, 4)):
        _change(tree, chance)
    octets = bytearray(msgspec.json.encode(tree))
    if not chance.randrange(5):
        at = chance.randrange(len(octets))
        octets[at : at + chance.randrange(3)] = chance.choice((b"[" * 3000, b"\xff", b'"', b"\\ud800", b"{}", b",", b"1e999"))
    return bytes(octets)


def _change(tree: Any, chance: random.Random) -> None:
    at: Any = tree
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            return
        key = chance.choice(keys)
        if isinstance(at[key], dict | list) and at[key] and chance.randrange(5):
            at = at[key]
            continue
        value = copy.deepcopy(chance.choice(_VALUES))
        match chance.randrange(4):
            case 0 if isinstance(at, dict):
                at[str(chance.choice([each for each in _VALUES if isinstance(each, str)]))] = value
            case 1 if not isinstance(at, dict):
                at.append(at[key])
            case 2:
                del at[key]
            case _:
                at[key] = value
        return


if __name__ == "__main__":
    fuzz.run(one, mutated)
