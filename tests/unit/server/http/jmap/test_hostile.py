"""Requests that are made to hurt: whatever comes, the answer is a clean refusal, soon, and nothing of ours is found broken by it."""

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness.http import Web, web_server

from mailstead import telemetry
from mailstead.model import limits
from mailstead.server.http.jmap.arguments import of as arguments_of
from mailstead.server.http.jmap.methods import METHODS

USING = sorted({named.capability for named in METHODS.values()})
CORE = ["urn:ietf:params:jmap:core"]
LONG = "x" * 20_000
SOON_S = 5.0


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


async def said(web: Web, body: bytes | str) -> tuple[int, Any]:
    """Status and JSON of an answer that came soon; nothing was found broken."""
    began = time.process_time()  # of the server too: it runs here
    with telemetry.capture() as seen:
        octets = body.encode() if isinstance(body, str) else body
        answer = await web.ask("POST", "/jmap", headers={"Content-Type": "application/json"}, data=io.BytesIO(octets))
    assert time.process_time() - began < SOON_S
    assert [] == [one for one in seen if one[0] == "defect.found"]
    return answer.status, answer.json()


async def called(web: Web, *calls: list[Any], using: list[str] = USING) -> list[Any]:
    status, answer = await said(web, json.dumps({"using": using, "methodCalls": calls}))
    assert 200 == status
    return list(answer["methodResponses"])


def nested(opening: str, closing: str, depth: int, inner: str = "1") -> str:
    return opening * depth + inner + closing * depth


@pytest.mark.parametrize("body", [
    b"", b"\xff\xfe", b"\xef\xbb\xbf{}", b"null", b"1e999", nested("[", "]", 100_000).encode(), nested('{"a":', "}", 100_000).encode(), b"[" * 1_000_000,
    b'{"using": [], "methodCalls": [], "using": []}', b'{"using": ["\\ud800"], "methodCalls": []}', b'{"using": [], "methodCalls": [["Core/echo", {}]]}',
    b'{"using": [1], "methodCalls": []}', b'{"using": [], "methodCalls": {}}', b'{"using": [], "methodCalls": [[1, {}, "a"]]}',
    b'{"using": [], "methodCalls": [["Core/echo", [], "a"]]}', b'{"using": [], "methodCalls": [], "createdIds": [1]}',
    json.dumps({"using": [LONG], "methodCalls": []}).encode(), json.dumps({"using": CORE, "methodCalls": [["Core/echo", {}, "a"]] * (limits.JMAP_CALLS + 1)}).encode(),
    json.dumps({"using": CORE * 100_000, "methodCalls": [["Core/echo", {}, "a"]] * 100_000}).encode(),
    nested('{"using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {"a": ', '}, "a"]]}', 1, nested("[", "]", 50_000)).encode(),
])  # fmt: skip
async def test_what_is_no_request_is_refused_as_a_whole(web: Web, body: bytes) -> None:
    status, answer = await said(web, body)
    assert (400, "urn:ietf:params:jmap:error:") == (status, answer["type"][: len("urn:ietf:params:jmap:error:")])
    assert len(json.dumps(answer)) < 2_000


def awkward() -> list[Any]:
    """Values for any argument."""
    return [LONG, [LONG], {LONG: LONG}, [None], {"": None}, 1 << 53, -(1 << 63), 1.5, True, [[]] * 10, {"a": {"a": {"a": 1}}}, ["#"] * 10, "\0", "a/b~", [1 << 60]]


async def test_no_argument_breaks_a_method(web: Web) -> None:
    """Each argument of each method with values of every kind, very long ids among them."""
    calls: list[list[Any]] = []
    for name, named in METHODS.items():
        own = {"accountId": web.accounts["alice"]} if named.has_account else {}
        for argument in sorted((arguments_of(name) or frozenset()) - {"accountId"}):
            calls += [[name, {**own, argument: value}, name] for value in awkward()]
        calls += [[name, {"accountId": value}, name] for value in (LONG, 5, None, [LONG])]
    assert len(calls) > 3_000
    for start in range(0, len(calls), limits.JMAP_CALLS):
        for kind, answer, name in await called(web, *calls[start : start + limits.JMAP_CALLS]):
            if kind == "error":
                assert answer["type"] not in {"serverFail", "unknownMethod"} or name == "EmailSubmission", name
                assert len(answer.get("description", "")) < 2_000, name


@pytest.mark.parametrize("calls", [
    [["Core/echo", {"#a": {"resultOf": "0", "name": "Core/echo", "path": "/a"}}, "0"]],
    [["Core/echo", {"#a": {"resultOf": "1", "name": "Core/echo", "path": "/a"}}, "0"], ["Core/echo", {"#a": {"resultOf": "0", "name": "Core/echo", "path": "/a"}}, "1"]],
    [["Core/echo", {"#a": {"resultOf": LONG, "name": LONG, "path": LONG}}, "0"]], [["Core/echo", {"#a": {"resultOf": 1, "name": None, "path": []}}, "0"]],
    [["Core/echo", {"#a": []}, "0"], ["Core/echo", {"#a": "x"}, "1"], ["Core/echo", {"#a": {"#a": {}}}, "2"], ["Core/echo", {"#a": None}, "3"]],
    [["Core/echo", {"a": [1]}, "0"], ["Core/echo", {"#b": {"resultOf": "0", "name": "Core/echo", "path": "/a" + "/*" * 10_000}}, "1"]],
    [["Core/echo", {"a": 1, "#a": {"resultOf": "0", "name": "Core/echo", "path": ""}}, "0"]],
])  # fmt: skip
async def test_references_that_lead_nowhere_or_in_a_circle(web: Web, calls: list[Any]) -> None:
    answers = await called(web, *calls, using=CORE)
    assert {"invalidResultReference", "invalidArguments"} >= {answer["type"] for kind, answer, _ in answers if kind == "error"}
    assert any(kind == "error" for kind, _, _ in answers)


async def test_references_do_not_blow_up(web: Web) -> None:
    """Each call takes the answer before it ten times."""
    calls: list[list[Any]] = [["Core/echo", {"a": ["x" * 100] * 10}, "0"]]
    for number in range(1, limits.JMAP_CALLS):
        reference = {"resultOf": str(number - 1), "name": "Core/echo", "path": "/a" if number == 1 else ""}
        calls.append(["Core/echo", {f"#{letter}": reference for letter in "abcdefghij"}, str(number)])
    answers = await called(web, *calls, using=CORE)
    assert {"error"} == {kind for kind, _, _ in answers[8:]}


async def test_objects_that_are_made_of_each_other(web: Web) -> None:
    account = {"accountId": web.accounts["alice"]}
    found = await called(
        web,
        ["Mailbox/set", {**account, "create": {"a": {"name": "a", "parentId": "#b"}, "b": {"name": "b", "parentId": "#a"}, "c": {"name": "c", "parentId": "#c"}}}, "0"],
        ["Blob/upload", {**account, "create": {"x": {"data": [{"blobId": "#x"}]}, "y": {"data": [{"blobId": "#z"}]}, "z": {"data": [{"blobId": "#y"}]}}}, "1"],
        ["Email/set", {**account, "create": {"e": {"mailboxIds": {"#e": True}, "bodyStructure": {"blobId": "#e"}}}}, "2"],
        ["EmailSubmission/set", {**account, "create": {"s": {"emailId": "#s", "identityId": "#s"}}}, "3"],
        ["Mailbox/set", {**account, "create": {"d": {"name": "d"}}}, "4"],
        ["Mailbox/set", {**account, "update": {"#d": {"parentId": "#d"}}}, "5"],
        ["SieveScript/set", {**account, "create": {"t": {"name": "t", "blobId": "#t"}}, "onSuccessActivateScript": "#t"}, "6"],
    )
    assert [3, 3, 1, 1, 0, 0, 1] == [len(answer["notCreated"] or {}) for _, answer, _ in found]
    assert [None] * 4 == [answer["created"] for _, answer, _ in found[:4]]
    assert 1 == len(found[5][1]["notUpdated"])


async def test_ids_of_blobs_within_blobs_are_followed_so_far(web: Web) -> None:
    deep = "w1-" * 80 + "u1"
    account = {"accountId": web.accounts["alice"]}
    found = await called(
        web, ["Blob/get", {**account, "ids": [deep, "w1-" * 300_000]}, "0"], ["Email/parse", {**account, "blobIds": [deep]}, "1"],
        ["Blob/lookup", {**account, "typeNames": ["Email"], "ids": [deep, "w1-" * 300_000]}, "2"])
    assert [2, 1, 2] == [len(answer["notFound"]) for _, answer, _ in found]


async def test_a_request_that_does_not_come_to_its_end_holds_nobody_up(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HTTP_BODY_TIMEOUT_S", 0.3)
    host, _, port = web.base.removeprefix("http://").partition(":")
    head = f"POST /jmap HTTP/1.1\r\nHost: {host}\r\nAuthorization: {web.authorization()}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    slow = [await asyncio.open_connection(host, int(port)) for _ in range(limits.JMAP_CONCURRENT_REQUESTS + 2)]
    for _, writer in slow:
        writer.write(head.encode())
    assert 200 == (await said(web, '{"using": [], "methodCalls": []}'))[0]  # a body that is still coming takes no place
    for reader, writer in slow:
        async with asyncio.timeout(10):
            line = await reader.readline()
        assert line.startswith((b"HTTP/1.1 408", b"HTTP/1.1 400")) or not line
        writer.close()
