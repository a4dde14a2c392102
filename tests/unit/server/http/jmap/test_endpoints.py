"""The session, requests, blobs and events, as a client meets them."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness.http import USING, Web, web_server

from mailstead.model import limits
from mailstead.model.ids import AccountId, DeliveryId, from_wire
from mailstead.model.message import Filing

MESSAGE = b"From: a@b.test\r\nSubject: hello\r\n\r\nbody\r\n"


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


def account(web: Web, who: str = "alice") -> AccountId:
    number = from_wire("a", web.accounts[who])
    assert number is not None
    return AccountId(number)


async def deliver(web: Web, who: str = "alice", number: int = 1) -> None:
    await web.store.mail.deliver(account(web, who), Filing(DeliveryId(number.to_bytes(16)), MESSAGE, b""))


# ------------------------------------------------------------------------------------------------------------- session, requests
async def test_the_session_says_what_holds(web: Web) -> None:
    found = (await web.ask("GET", "/jmap/session")).json()
    assert [web.accounts["alice"]] == list(found["accounts"])
    assert "alice@example.test" == found["username"]
    names = {f"urn:ietf:params:jmap:{name}" for name in ("core", "mail", "quota", "blob", "submission", "vacationresponse", "mdn", "contacts", "sieve", "principals", "mail:share")} | {"urn:mailstead:params:jmap:plus"}
    assert names == set(found["capabilities"]) - {"urn:ietf:params:jmap:websocket"}
    assert names - {"urn:ietf:params:jmap:core"} == set(found["primaryAccounts"]), "core belongs to no account (RFC 8620 §2)"
    core = found["capabilities"]["urn:ietf:params:jmap:core"]
    assert (limits.JMAP_CALLS, 1 << 20) == (core["maxCallsInRequest"], core["maxSizeUpload"])
    assert web.base + "/jmap" == found["apiUrl"]
    well = await web.ask("GET", "/.well-known/jmap", who="")
    assert (307, web.base + "/jmap/session") == (well.status, well.headers["Location"])
    answer = await web.ask("POST", "/jmap", headers={"Content-Type": "application/json"}, data='{"using": [], "methodCalls": []}')
    assert found["state"] == answer.json()["sessionState"]


async def test_calls_are_answered_in_order_each_with_its_own_error(web: Web) -> None:
    await deliver(web)
    found = await web.jmap(
        ("Core/echo", {"x": 1}), ("Foo/get", {}), ("Email/query", {}), ("Email/get", {"#ids": {"resultOf": "2", "name": "Email/query", "path": "/ids"}, "properties": ["subject"]}),
        ("Email/get", {"accountId": "a0"}), ("Email/get", {"#ids": {"resultOf": "9", "name": "x", "path": "/"}}), ("Email/get", {"ids": "x"}),
    )
    assert ["Core/echo", "error", "Email/query", "Email/get", "error", "error", "error"] == [name for name, _, _ in found]
    assert "unknownMethod" == found[1][1]["type"]
    assert "hello" == found[3][1]["list"][0]["subject"]
    assert ["accountNotFound", "invalidResultReference", "invalidArguments"] == [one["type"] for _, one, _ in found[4:]]
    assert [str(number) for number in range(7)] == [ident for _, _, ident in found]


async def test_an_argument_that_is_unknown_is_refused(web: Web) -> None:
    """RFC 8620 §3.9, before anything is done."""
    found = await web.jmap(
        ("Mailbox/set", {"create": {"x": {"name": "Kiste"}}, "onDestroyRemoveEmail": True, "Create": {}}), ("PushSubscription/set", {"ifInState": "1"}), ("Email/get", {"ids": [], "fetchAllBodyValues": True}),
        ("Mailbox/query", {"filter": {"name": "Kiste"}, "sortAsTree": False}), ("Core/echo", {"anything": 1}), ("PushSubscription/get", {"accountId": web.accounts["alice"]}))
    assert ["error", "error", "Email/get", "Mailbox/query", "Core/echo", "PushSubscription/get"] == [name for name, _, _ in found]
    assert ("invalidArguments", ["Create", "onDestroyRemoveEmail"]) == (found[0][1]["type"], found[0][1]["arguments"])
    assert [] == found[3][1]["ids"]


async def test_a_method_wants_its_capability(web: Web) -> None:
    (found,) = await web.jmap(("Email/query", {}), using=["urn:ietf:params:jmap:core"])
    assert "unknownMethod" == found[1]["type"]


async def test_what_is_not_asked_for_is_not_there(web: Web) -> None:
    """RFC 8620 §1.8: only the specifications that a request names are followed."""
    await deliver(web)
    ((_, found, _),) = await web.jmap(("Email/query", {}))
    (ident,) = found["ids"]
    ask: list[tuple[str, dict[str, Any]]] = [("Email/get", {"ids": [ident], "properties": ["snoozed"]}), ("Email/set", {"update": {ident: {"snoozed": None}}})]
    read, written = await web.jmap(*ask)
    assert ("invalidArguments", "invalidProperties") == (read[1]["type"], written[1]["notUpdated"][ident]["type"])
    read, written = await web.jmap(*ask, using=[*USING, "urn:mailstead:params:jmap:plus"])
    assert ([{"id": ident, "snoozed": None}], {ident: None}) == (read[1]["list"], written[1]["updated"])


async def test_nobody_reaches_another_account(web: Web) -> None:
    await deliver(web, "bob")
    (theirs,) = await web.jmap(("Email/query", {}), who="bob")
    found = await web.jmap(
        *((name, {"accountId": web.accounts["bob"], "ids": None, "blobIds": []}) for name in ("Email/get", "Mailbox/get", "Thread/get", "Email/query", "Blob/copy")),
        ("Email/get", {"ids": theirs[1]["ids"]}), ("Blob/copy", {"fromAccountId": web.accounts["bob"], "blobIds": []}),
    )
    assert ["accountNotFound"] * 5 == [one["type"] for _, one, _ in found[:5]]
    assert theirs[1]["ids"] == found[5][1]["notFound"]
    assert "fromAccountNotFound" == found[6][1]["type"]
    for path in (f"/jmap/download/{web.accounts['bob']}/x/y", f"/jmap/upload/{web.accounts['bob']}/"):
        assert 404 == (await web.ask("POST" if "upload" in path else "GET", path)).status


@pytest.mark.parametrize(("kind", "data", "error"), [
    ("text/plain", "{}", "notJSON"), ("application/json", "{", "notJSON"), ("application/json", "[]", "notRequest"),
    ("application/json; charset=utf-8", '{"using": ["urn:x"], "methodCalls": []}', "unknownCapability"),
])  # fmt: skip
async def test_requests_that_are_none(web: Web, kind: str, data: str, error: str) -> None:
    answer = await web.ask("POST", "/jmap", headers={"Content-Type": kind}, data=data)
    assert (400, f"urn:ietf:params:jmap:error:{error}") == (answer.status, answer.json()["type"])


async def test_a_request_that_is_too_large(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JMAP_REQUEST", 1_000)
    answer = await web.ask("POST", "/jmap", headers={"Content-Type": "application/json"}, data=" " * 2_000)
    assert (400, "maxSizeRequest") == (answer.status, answer.json()["limit"])


async def test_too_many_requests_at_once(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JMAP_CONCURRENT_REQUESTS", 0)
    answer = await web.ask("POST", "/jmap", headers={"Content-Type": "application/json"}, data='{"using": [], "methodCalls": []}')
    assert (429, "maxConcurrentRequests") == (answer.status, answer.json()["limit"])


async def test_an_answer_with_too_many_parts(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = json.dumps({"using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {}, "a"], ["Core/echo", {}, "b"]]})
    monkeypatch.setattr(limits, "JMAP_RESPONSE_VALUES", 2)
    assert 200 == (await web.ask("POST", "/jmap", headers={"Content-Type": "application/json"}, data=asked)).status
    monkeypatch.setattr(limits, "JMAP_RESPONSE_VALUES", 1)
    answer = await web.ask("POST", "/jmap", headers={"Content-Type": "application/json"}, data=asked)
    assert (400, "maxCallsInRequest") == (answer.status, answer.json()["limit"])


# ------------------------------------------------------------------------------------------------------------- blobs
async def upload(web: Web, octets: Any, kind: str = "image/png", who: str = "alice") -> Any:
    return await web.ask("POST", f"/jmap/upload/{web.accounts[who]}/", who=who, headers={"Content-Type": kind}, data=octets)


async def download(web: Web, ident: str, *, name: str = "x.txt", kind: str = "text/plain", who: str = "alice", **headers: str) -> Any:
    return await web.ask("GET", f"/jmap/download/{web.accounts[who]}/{ident}/{name}?type={kind}", who=who, headers=headers)


async def test_what_goes_up_comes_down(web: Web) -> None:
    octets = bytes(range(256)) * 600
    up = await upload(web, octets)
    found = up.json()
    assert (201, web.accounts["alice"], "image/png", len(octets)) == (up.status, found["accountId"], found["type"], found["size"])
    down = await download(web, found["blobId"], name="a%22b%0D.txt")
    assert (200, octets) == (down.status, down.body)
    assert down.headers["Content-Disposition"].startswith("attachment; ")
    assert "\r" not in down.headers["Content-Disposition"]
    assert 304 == (await download(web, found["blobId"], **{"If-None-Match": down.headers["ETag"]})).status
    assert 404 == (await download(web, found["blobId"], who="bob")).status
    for path in (web.store.data / "up").rglob("u*"):
        assert octets[:64] not in path.read_bytes()


@pytest.mark.parametrize(("asked", "status", "expected"), [
    ("bytes=0-2", 206, b"012"), ("bytes=7-", 206, b"789"), ("bytes=-3", 206, b"789"), ("bytes=8-99", 206, b"89"), ("bytes=-99", 206, b"0123456789"),
    ("bytes=10-", 416, b""), ("bytes=-0", 416, b""), ("bytes=5-2", 200, b"0123456789"), ("bytes=0-1,3-4", 200, b"0123456789"), ("lines=1-2", 200, b"0123456789"),
])  # fmt: skip
async def test_ranges(web: Web, asked: str, status: int, expected: bytes) -> None:
    ident = (await upload(web, b"0123456789")).json()["blobId"]
    down = await download(web, ident, Range=asked)
    assert (status, expected) == (down.status, down.body)


@pytest.mark.parametrize(("kind", "expected"), [
    ("text/html", "text/html"), ("text/plain", "text/plain"), ("", "application/octet-stream"), ("x", "application/octet-stream"), ("a/b%0D%0Ac", "application/octet-stream"),
    ("text/plain%3B%20charset%3Diso-8859-1", "text/plain; charset=iso-8859-1"), ("a/b%3Bx%3D%22y%20z%22%3Bu%3Dv", 'a/b;x="y z";u=v'),
    ("text/plain%3B", "application/octet-stream"), ("text/plain%3Bx%3D%22%0D%0A%22", "application/octet-stream"), ("text/plain%3Bcharset", "application/octet-stream"),
])  # fmt: skip
async def test_types_are_given_back_and_never_shown_in_place(web: Web, kind: str, expected: str) -> None:
    """Exactly the type that was asked for (RFC 8620 §6.2): no charset is made up."""
    ident = (await upload(web, b"<script>")).json()["blobId"]
    down = await download(web, ident, kind=kind)
    assert expected == down.headers["Content-Type"]
    assert down.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in down.headers["Content-Security-Policy"]


async def test_a_name_may_be_anything(web: Web) -> None:
    ident = (await upload(web, b"x")).json()["blobId"]
    down = await download(web, ident, name="a%0D%0Ab%2Fc%22%5C.txt")
    assert (200, b"x") == (down.status, down.body)
    assert "attachment; filename=\"a__b_c__.txt\"; filename*=UTF-8''a%0D%0Ab%2Fc%22%5C.txt" == down.headers["Content-Disposition"]


@pytest.mark.parametrize(("tags", "status"), [('"{}"', 304), ('W/"{}"', 304), ('"x", "{}"', 304), ("*", 304), ('"x"', 200), ("{}", 200)])
async def test_what_one_has_is_not_sent_again(web: Web, tags: str, status: int) -> None:
    ident = (await upload(web, b"x")).json()["blobId"]
    assert status == (await download(web, ident, **{"If-None-Match": tags.format(ident)})).status


async def test_what_blob_copy_wants(web: Web) -> None:
    """RFC 8620 §6.3; copies are tested with sharing."""
    found = await web.jmap(
        ("Blob/copy", {"blobIds": []}), ("Blob/copy", {"fromAccountId": 1, "blobIds": []}), ("Blob/copy", {"fromAccountId": "a0", "blobIds": []}),
        ("Blob/copy", {"fromAccountId": web.accounts["alice"], "blobIds": []}))
    assert ["invalidArguments", "invalidArguments", "fromAccountNotFound", "invalidArguments"] == [one["type"] for _, one, _ in found]


async def test_an_upload_that_is_too_large_and_one_too_many(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = await upload(web, io.BytesIO(b"x" * ((1 << 20) + 1)))
    assert (413, "urn:ietf:params:jmap:error:limit", "maxSizeUpload") == (answer.status, answer.json()["type"], answer.json()["limit"])
    monkeypatch.setattr(limits, "UPLOADS_PER_ACCOUNT", 1)
    one, two = [(await upload(web, b"x")).json()["blobId"] for _ in range(2)]
    assert [404, 200] == [(await download(web, ident)).status for ident in (one, two)], "the oldest make room (RFC 8620 §6)"


async def test_too_many_uploads_at_once(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JMAP_CONCURRENT_UPLOADS", 0)
    answer = await upload(web, b"x")
    assert (429, "maxConcurrentUpload") == (answer.status, answer.json()["limit"])


@pytest.mark.parametrize("length", ["Content-Length: 1500000", "Transfer-Encoding: chunked"])
async def test_who_is_still_sending_too_much_hears_the_answer(web: Web, length: str) -> None:
    """RFC 9112 §9.6: not a connection that is reset."""
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    head = f"POST /jmap/upload/{web.accounts['alice']}/ HTTP/1.1\r\nHost: x\r\nAuthorization: {web.authorization()}\r\n{length}\r\n\r\n"
    writer.write(head.encode())
    for _ in range(3):
        piece = b"x" * 500_000
        writer.write(piece if "Length" in length else b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
        await asyncio.sleep(0.05)
    if "Length" not in length:
        writer.write(b"0\r\n\r\n")
    assert b" 413 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_a_message_and_its_parts_are_blobs(web: Web) -> None:
    await deliver(web)
    _, (_, found, _) = await web.jmap(
        ("Email/query", {}), ("Email/get", {"#ids": {"resultOf": "0", "name": "Email/query", "path": "/ids"}, "properties": ["blobId", "textBody"]}))
    email = found["list"][0]
    assert MESSAGE == (await download(web, email["blobId"])).body
    assert b"body\r\n" == (await download(web, email["textBody"][0]["blobId"])).body
    for ident in ("x", "b", "bzzzz", "p0-1", "u" + "a" * 26, "..%2f..%2fkeys"):
        assert 404 == (await download(web, ident)).status


# ------------------------------------------------------------------------------------------------------------- events
async def events(web: Web, query: str, listens: asyncio.Event | None = None) -> AsyncIterator[tuple[str, Any]]:
    """``listens`` is set as soon as the server does."""
    async with web.client.get(f"{web.base}/jmap/events?{query}", headers={"Authorization": web.authorization()}) as response:
        assert "text/event-stream; charset=utf-8" == response.headers["Content-Type"]
        await response.content.readuntil(b"\n\n")
        if listens is not None:
            listens.set()
        while chunk := await response.content.readuntil(b"\n\n"):
            lines = chunk.decode().strip().split("\n")
            yield lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))


async def test_a_delivery_is_heard_at_once(web: Web) -> None:
    stream = events(web, "types=Email,Thread&closeafter=no&ping=0", listens := asyncio.Event())
    hearing = asyncio.ensure_future(anext(stream))
    await listens.wait()
    started = asyncio.get_running_loop().time()
    await deliver(web)
    async with asyncio.timeout(5):
        name, data = await hearing
    assert asyncio.get_running_loop().time() - started < 1
    assert "state" == name
    assert {"Email", "Thread"} == set(data["changed"][web.accounts["alice"]])
    ((_, found, _),) = await web.jmap(("Email/get", {"ids": []}))
    assert found["state"] == data["changed"][web.accounts["alice"]]["Email"]
    await stream.aclose()  # type: ignore[attr-defined]


NEWS = "types=*&closeafter=no&ping=0&news=id,subject,threadId"


def responses(data: dict[str, Any]) -> dict[str, Any]:
    """What an event ``news`` answers, by the names of its calls."""
    return {ident: answer for _, answer, ident in data["response"]["methodResponses"]}


async def test_what_has_come_is_told_with_the_event_to_whoever_asks_for_it(web: Web) -> None:
    before = {name: one["state"] for name, one, _ in await web.jmap(("Email/get", {"ids": []}), ("Mailbox/get", {"ids": []}))}
    stream = events(web, NEWS, listens := asyncio.Event())
    hearing = asyncio.ensure_future(anext(stream))
    await listens.wait()
    await deliver(web)
    async with asyncio.timeout(5):
        name, data = await hearing
        assert ("news", web.accounts["alice"]) == (name, data["accountId"])
        assert {"Email": before["Email/get"], "Mailbox": before["Mailbox/get"]} == data["since"]
        name, after = await anext(stream)
    told = responses(data)
    (one,) = told["created"]["list"]
    assert ({"id", "subject", "threadId"}, "hello") == (set(one), one["subject"])
    assert [{"id": one["threadId"], "emailIds": [one["id"]]}] == told["threads"]["list"]
    (box,) = told["moved"]["list"]
    assert ("inbox", 1) == (box["role"], box["unreadEmails"])
    changed = after["changed"][web.accounts["alice"]]
    assert ("state", changed["Email"], changed["Mailbox"]) == (name, told["changes"]["newState"], told["boxes"]["newState"])
    # A change comes with the states that the event before has told.
    ((_, done, _),) = await web.jmap(("Email/set", {"update": {one["id"]: {"keywords/$seen": True}}}))
    assert one["id"] in done["updated"]
    async with asyncio.timeout(5):
        name, data = await anext(stream)
    assert ("news", changed["Email"], [one["id"]]) == (name, data["since"]["Email"], [email["id"] for email in responses(data)["updated"]["list"]])
    await stream.aclose()  # type: ignore[attr-defined]


async def test_of_much_at_once_the_first_part_is_told(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EVENT_EMAILS", 2)
    monkeypatch.setattr("mailstead.service.push.watching.SETTLE_S", 0.5)
    monkeypatch.setattr("mailstead.service.push.watching.REST_S", 60.0)
    stream = events(web, NEWS, listens := asyncio.Event())
    hearing = asyncio.ensure_future(anext(stream))
    await listens.wait()
    await deliver(web)
    async with asyncio.timeout(5):
        await hearing
        await anext(stream)
    for number in range(2, 5):
        await deliver(web, number=number)
    async with asyncio.timeout(5):
        _, data = await anext(stream)
        _, after = await anext(stream)
    told = responses(data)
    assert (2, True) == (len(told["created"]["list"]), told["changes"]["hasMoreChanges"])
    assert told["changes"]["newState"] != after["changed"][web.accounts["alice"]]["Email"]
    await stream.aclose()  # type: ignore[attr-defined]


async def test_mail_is_not_told_to_whose_session_is_over(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = events(web, NEWS, listens := asyncio.Event())
    hearing = asyncio.ensure_future(anext(stream))
    await listens.wait()

    async def over(*_: object) -> bool:
        return False

    monkeypatch.setattr("mailstead.server.http.identify.Identify.still", over)
    await deliver(web)
    async with asyncio.timeout(5):
        with pytest.raises((asyncio.IncompleteReadError, StopAsyncIteration)):
            await hearing


@pytest.mark.parametrize(("change", "query"), [
    ("vacation", NEWS), ("mail", "types=*&closeafter=no&ping=0&news="), ("mail", f"types=*&closeafter=no&ping=0&news={'id,' * limits.EVENT_PROPERTIES}"),
    ("mail", "types=VacationResponse,Mailbox&closeafter=no&ping=0&news=id"),
])  # fmt: skip
async def test_where_no_mail_is_asked_for_or_has_moved_the_event_comes_alone(web: Web, change: str, query: str) -> None:
    stream = events(web, query, listens := asyncio.Event())
    hearing = asyncio.ensure_future(anext(stream))
    await listens.wait()
    if change == "mail":
        await deliver(web)
    else:
        using = [*USING, "urn:ietf:params:jmap:vacationresponse"]
        await web.jmap(("VacationResponse/set", {"update": {"singleton": {"isEnabled": True}}}), using=using)
    async with asyncio.timeout(5):
        name, _ = await hearing
    assert "state" == name
    await stream.aclose()  # type: ignore[attr-defined]


async def test_what_is_used_up_is_heard(web: Web) -> None:
    account = from_wire("a", web.accounts["alice"])
    assert account is not None
    await web.store.directory.account_set(AccountId(account), max_octets=10_000_000)
    stream = events(web, "types=Quota&closeafter=no&ping=0", listens := asyncio.Event())
    hearing = asyncio.ensure_future(anext(stream))
    await listens.wait()
    await deliver(web)
    async with asyncio.timeout(5):
        _, data = await hearing
    ((_, found, _),) = await web.jmap(("Quota/get", {}), using=[*USING, "urn:ietf:params:jmap:quota"])
    assert {"Quota": found["state"]} == data["changed"][web.accounts["alice"]]
    for most in (20_000_000, 0):  # the limit alone
        hearing = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await web.store.directory.account_set(AccountId(account), max_octets=most)
        async with asyncio.timeout(5):
            _, data = await hearing
        assert str(most) in data["changed"][web.accounts["alice"]]["Quota"]
    await stream.aclose()  # type: ignore[attr-defined]


async def test_others_mail_is_not_heard_and_pings_come(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailstead.server.http.jmap.events.PING_LEAST_S", 1)
    stream = events(web, "types=*&closeafter=no&ping=1")
    hearing = asyncio.ensure_future(anext(stream))
    await deliver(web, "bob")
    async with asyncio.timeout(5):
        assert ("ping", {"interval": 1}) == await hearing
    await stream.aclose()  # type: ignore[attr-defined]


async def test_a_stream_may_end_after_one_change(web: Web) -> None:
    stream = events(web, "types=*&closeafter=state&ping=0", listens := asyncio.Event())
    hearing = asyncio.ensure_future(anext(stream))
    await listens.wait()
    await deliver(web)
    async with asyncio.timeout(5):
        await hearing
        with pytest.raises((asyncio.IncompleteReadError, StopAsyncIteration)):
            await anext(stream)


async def heard(web: Web, last: str, query: str = "types=*&closeafter=no&ping=0") -> list[dict[str, str]]:
    """The first two blocks of a stream, fields by name; the second only where it is there at once."""
    headers = {"Authorization": web.authorization(), **({"Last-Event-ID": last} if last else {})}
    found: list[dict[str, str]] = []
    async with web.client.get(f"{web.base}/jmap/events?{query}", headers=headers) as response:
        for _ in range(2):
            try:
                async with asyncio.timeout(5 if not found else 0.3):
                    block = await response.content.readuntil(b"\n\n")
            except TimeoutError:
                break
            found.append(dict(line.split(": ", 1) for line in block.decode().strip().split("\n")))
    return found


async def test_who_comes_back_hears_what_was_missed(web: Web) -> None:
    """RFC 8620 §7.3: from the id of the last event, whatever the worker."""
    (first,) = await heard(web, "")
    assert {"retry", "id"} == set(first)
    assert [{"retry": "2000", "id": first["id"]}] == await heard(web, first["id"])
    await deliver(web)
    start, missed = await heard(web, first["id"])
    assert {"retry": "2000"} == start, "no id before what was missed is told"
    ((_, now, _),) = await web.jmap(("Email/get", {"ids": []}))
    changed = json.loads(missed["data"])["changed"][web.accounts["alice"]]
    assert ("state", now["state"], True) == (missed["event"], changed["Email"], "Identity" not in changed)
    assert [{"retry": "2000", "id": missed["id"]}] == await heard(web, missed["id"])
    assert 1 == len(await heard(web, first["id"], "types=VacationResponse&closeafter=no&ping=0")), "only what is asked for"
    assert {"Email"} == set(json.loads((await heard(web, first["id"], "types=Email&closeafter=no&ping=0"))[1]["data"])["changed"][web.accounts["alice"]])
    assert "Email" in json.loads((await heard(web, "what is this"))[1]["data"])["changed"][web.accounts["alice"]]
    headers = {"Authorization": web.authorization(), "Last-Event-ID": first["id"]}
    async with asyncio.timeout(5), web.client.get(f"{web.base}/jmap/events?types=*&closeafter=state&ping=0", headers=headers) as response:
        assert 1 == (await response.read()).count(b"event: state")


@pytest.mark.parametrize("query", ["ping=x", "closeafter=maybe", "ping=-1", "types=" + "a" * 3_000])
async def test_what_cannot_be_listened_to(web: Web, query: str) -> None:
    assert 400 == (await web.ask("GET", f"/jmap/events?{query}")).status


async def test_too_many_listeners(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EVENT_SOURCES", 0)
    assert 429 == (await web.ask("GET", "/jmap/events")).status


async def test_a_script_is_downloaded_through_its_blob(web: Web) -> None:
    using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:sieve"]
    path = f"/jmap/{{}}/{web.accounts['alice']}/"
    blob = (await web.ask("POST", path.format("upload"), data=b"keep;\r\n", headers={"Content-Type": "application/sieve"})).json()["blobId"]
    ((_, done, _),) = await web.jmap(("SieveScript/set", {"create": {"x": {"name": "s", "blobId": blob}}, "onSuccessActivateScript": "#x"}), using=using)
    kept = done["created"]["x"]["blobId"]
    answer = await web.ask("GET", path.format("download") + f"{kept}/s.sieve?type=application/sieve")
    assert (200, b"keep;\r\n", "application/sieve") == (answer.status, answer.body, answer.headers["Content-Type"])
    assert 404 == (await web.ask("GET", path.format("download") + f"{kept}/s.sieve?type=application/sieve", who="bob")).status
    own = f"/jmap/download/{web.accounts['bob']}/{kept}/s.sieve?type=application/sieve"
    assert 404 == (await web.ask("GET", own, who="bob")).status
