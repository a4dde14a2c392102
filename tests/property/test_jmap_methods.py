"""Whatever stands in the arguments of a method, it is answered, or refused for what is wrong with it: never by a defect of ours."""

import asyncio
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.harness.http import Web, web_server

from mailstead.server.http.jmap.methods import METHODS

USING = sorted({named.capability for named in METHODS.values()})
ARGUMENTS = (
    "ids", "properties", "sinceState", "maxChanges", "create", "update", "destroy", "ifInState", "filter", "sort", "position", "anchor", "anchorOffset", "limit",
    "calculateTotal", "sinceQueryState", "upToId", "collapseThreads", "sortAsTree", "filterAsTree", "onDestroyRemoveEmails", "emails", "blobIds", "emailIds",
    "fromAccountId", "bodyProperties", "fetchAllBodyValues", "maxBodyValueBytes", "typeNames", "undoToken", "onSuccessUpdateEmail", "onSuccessDestroyEmail",
    "send", "identityId", "onSuccessSetIsDefault", "offset", "length", "data", "ifFromInState", "onSuccessActivateScript", "onSuccessDeactivateScript", "blobId",
)  # fmt: skip
NAMES = (
    "id", "name", "email", "filter", "mailboxIds", "keywords", "keywords/$seen", "subject", "bodyStructure", "bodyValues", "snoozed", "at", "emailId", "kind", "state",
    "address", "addressBookIds", "emails", "url", "keys", "deviceClientId", "expires", "types", "update", "destroy", "envelope", "identityId", "data", "blobId", "value",
    "schema", "operator", "conditions", "inMailbox", "text", "header", "before", "minSize", "inSavedSearch", "hasKeyword", "property", "isAscending", "parentId", "role",
    "sortOrder", "isEnabled", "fromDate", "repeat", "media", "members", "disposition", "forEmailId", "headers", "header:X:asText", "from", "attachments", "receivedAt",
)  # fmt: skip
TEXTS = st.sampled_from(("", "x", "#x", "singleton", "$seen", "AND", "NOT", "2026-01-01T00:00:00Z", "1-1", "1-1-1", "1-5~9", "*", "text/plain", "inbox", "subject", "e0", "m0", "o1",
                         "\x00", "a" * 300, "é", "=?é?="))
SIMPLE = st.one_of(st.none(), st.booleans(), st.integers(-(1 << 70), 1 << 70), st.floats(allow_nan=False, allow_infinity=False), TEXTS)
JSON = st.recursive(SIMPLE, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from((*NAMES, "a", "b")), inner, max_size=4)), max_leaves=8)
OBJECTS = st.dictionaries(st.sampled_from(("a", "b", "#a")), st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4), max_size=2)


@st.composite
def arguments(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(ARGUMENTS), max_size=5, unique=True))
    return {name: draw(OBJECTS if name in {"create", "update", "emails", "send"} and draw(st.booleans()) else JSON) for name in names}


EMAIL = {
    "mailboxIds": {"$inbox": True}, "keywords": {"$draft": True}, "from": [{"name": "A", "email": "alice@example.test"}], "to": [{"name": None, "email": "bob@example.test"}],
    "subject": "s", "messageId": ["a@b"], "sentAt": "2026-01-01T00:00:00Z", "header:X-A:asText": "x", "receivedAt": "2026-01-01T00:00:00Z",
    "bodyStructure": {"type": "multipart/mixed", "subParts": [{"partId": "1", "type": "text/plain"}, {"partId": "2", "type": "text/html", "name": "n", "cid": "c"}]},
    "bodyValues": {"1": {"value": "one"}, "2": {"value": "<p>two</p>"}},
}  # fmt: skip
FILTER = {"operator": "AND", "conditions": [{"text": "a", "hasKeyword": "x"}, {"operator": "NOT", "conditions": [{"inMailbox": "$inbox", "header": ["X", "y"]}]}]}
SORT = [{"property": "receivedAt", "isAscending": False}, {"property": "subject", "collation": "i;unicode-casemap"}]
CARD = {"addressBookIds": {"$book": True}, "name": {"components": [{"kind": "given", "value": "A"}], "sortAs": {"given": "a"}}, "emails": {"e": {"address": "a@b"}},
        "organizations": {"o": {"name": "O", "units": [{"name": "U"}]}}, "media": {"m": {"uri": "data:,"}}, "kind": "group", "members": {"u": True}}
TEMPLATES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Email/set", {"create": {"a": EMAIL}}), ("Email/set", {"update": {"$email": {"keywords/$seen": True, "mailboxIds/$inbox": True, "snoozed": {
        "until": "2999-01-01T00:00:00Z", "moveToMailboxId": "$inbox", "setKeywords": {"a": True}}}}}),
    ("Email/query", {"filter": FILTER, "sort": SORT, "position": 0, "limit": 3, "calculateTotal": True, "collapseThreads": True}),
    ("Email/queryChanges", {"filter": FILTER, "sort": SORT, "sinceQueryState": "1-1", "upToId": "$email", "maxChanges": 5}),
    ("Email/get", {"ids": ["$email"], "properties": ["bodyValues", "header:Subject:asText:all", "snoozed"], "bodyProperties": ["partId"], "maxBodyValueBytes": 5,
                   "fetchAllBodyValues": True}),
    ("Email/import", {"emails": {"a": {"blobId": "$blob", "mailboxIds": {"$inbox": True}, "keywords": {"a": True}, "receivedAt": "2026-01-01T00:00:00Z"}}}),
    ("Email/parse", {"blobIds": ["$blob"], "properties": ["subject", "from", "bodyStructure"]}), ("SearchSnippet/get", {"filter": FILTER, "emailIds": ["$email"]}),
    ("Mailbox/set", {"create": {"a": {"name": "n", "parentId": "$inbox", "role": None, "sortOrder": 3, "isSubscribed": True}}, "update": {"$inbox": {"sortOrder": 4}},
                     "destroy": ["x"], "onDestroyRemoveEmails": True}),
    ("Mailbox/query", {"filter": {"operator": "OR", "conditions": [{"name": "a", "role": "inbox", "hasAnyRole": True}]}, "sort": [{"property": "name"}], "sortAsTree": True}),
    ("Identity/set", {"create": {"a": {"name": "n", "email": "alice@example.test", "replyTo": [{"name": "a", "email": "a@b"}], "textSignature": "x"}}}),
    ("EmailSubmission/set", {"create": {"a": {"identityId": "$identity", "emailId": "$email", "envelope": {
        "mailFrom": {"email": "alice@example.test", "parameters": {"HOLDFOR": "9"}}, "rcptTo": [{"email": "bob@example.test", "parameters": {"NOTIFY": "NEVER"}}]}}},
        "onSuccessUpdateEmail": {"#a": {"keywords/$draft": None}}, "onSuccessDestroyEmail": ["#a"]}),
    ("EmailSubmission/query", {"filter": {"undoStatus": "final", "before": "2026-01-01T00:00:00Z", "emailIds": ["$email"]}, "sort": [{"property": "sentAt"}]}),
    ("VacationResponse/set", {"update": {"singleton": {"isEnabled": False, "fromDate": "2026-01-01T00:00:00Z", "subject": "s", "textBody": "t", "htmlBody": "h"}}}),
    ("SavedSearch/set", {"create": {"a": {"name": "n", "filter": FILTER, "parentId": None, "sort": SORT, "count": "none", "sortOrder": 1}}}),
    ("SenderProfile/set", {"create": {"a": {"address": "a@b", "screened": "rejected", "images": "proxy", "darkMode": True, "note": "n"}}}),
    ("Note/set", {"create": {"a": {"threadId": "$thread", "text": "n"}}}),
    ("Reminder/set", {"create": {"a": {"emailId": "$email", "at": "2999-01-01T00:00:00Z", "kind": "noReply", "repeat": ["P1D"], "keepVisible": False}}}),
    ("Job/set", {"create": {"a": {"filter": FILTER, "update": {"keywords/x": True, "mailboxIds": {"$inbox": True}}}}}),
    ("ClientSettings/set", {"create": {"a": {"id": "n", "value": {"x": [1]}, "schema": 1}}}),
    ("PushSubscription/set", {"create": {"a": {"deviceClientId": "d", "url": "https://push.invalid/", "keys": {"p256dh": "x", "auth": "y"}, "types": ["Email"]}}}),
    ("ContactCard/set", {"create": {"a": CARD}}), ("ContactCard/query", {"filter": {"text": "a", "kind": "group", "createdAfter": "2020-01-01T00:00:00Z"},
                                                                          "sort": [{"property": "name/given"}]}),
    ("AddressBook/set", {"create": {"a": {"name": "n", "description": "d", "sortOrder": 1}}, "onSuccessSetIsDefault": "#a"}),
    ("SieveScript/set", {"create": {"a": {"name": "n", "blobId": "$blob"}}, "onSuccessActivateScript": "#a", "onSuccessDeactivateScript": True}),
    ("SieveScript/query", {"filter": {"name": "a", "isActive": True}, "sort": [{"property": "isActive"}]}), ("SieveScript/validate", {"blobId": "$blob"}),
    ("Blob/upload", {"create": {"a": {"data": [{"data:asText": "x"}, {"data:asBase64": "eA=="}, {"blobId": "$blob", "offset": 0, "length": 1}], "type": "text/plain"}}}),
    ("Blob/get", {"ids": ["$blob"], "properties": ["data:asText", "digest:sha-256", "size"], "offset": 0, "length": 3}),
    ("MDN/send", {"identityId": "$identity", "send": {"k": {"forEmailId": "$email", "subject": "s", "textBody": "t", "extensionFields": {"X-A": "b"}, "disposition": {
        "actionMode": "manual-action", "sendingMode": "mdn-sent-manually", "type": "displayed"}}}, "onSuccessUpdateEmail": {"#k": {"keywords/$mdnsent": True}}}),
)  # fmt: skip


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, one in inner for path in _paths(one, (*at, key)))]


def _put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return {key: _put(one, path[1:], new) if key == path[0] else one for key, one in value.items()}
    return [_put(one, path[1:], new) if number == path[0] else one for number, one in enumerate(value)]


@st.composite
def bent(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Good arguments, but for one place."""
    name, good = draw(st.sampled_from(TEMPLATES))
    path = draw(st.sampled_from(_paths(good)[1:]))
    return name, _put(good, path, draw(JSON))


CALLS = st.lists(st.one_of(bent(), st.tuples(st.sampled_from(sorted(METHODS)), arguments())), min_size=8, max_size=16)


def marked(text: str, marks: dict[str, str]) -> str:
    for mark, ident in marks.items():
        text = text.replace(mark, ident)
    return text


async def things(web: Web) -> dict[str, str]:
    """What the marks in the templates stand for."""
    (_, boxes, _), (_, identities, _), (_, books, _) = await web.jmap(("Mailbox/get", {}), ("Identity/get", {}), ("AddressBook/get", {}), using=USING)
    inbox = next(one["id"] for one in boxes["list"] if one["role"] == "inbox")
    email = {**EMAIL, "mailboxIds": {inbox: True}}
    ((_, made, _),) = await web.jmap(("Email/set", {"create": {"a": email}}), using=USING)
    assert made["created"], made
    blob = (await web.ask("POST", f"/jmap/upload/{web.accounts['alice']}/", data=b"From: a@b\r\nSubject: x\r\n\r\ny\r\n")).json()["blobId"]
    return {"$inbox": inbox, "$identity": identities["list"][0]["id"], "$book": books["list"][0]["id"], "$email": made["created"]["a"]["id"], "$thread": made["created"]["a"]["threadId"], "$blob": blob}


def test_no_arguments_make_a_method_fail(tmp_path: Path) -> None:
    async def run() -> None:
        async with web_server(tmp_path) as web:
            loop = asyncio.get_running_loop()

            marks = await things(web)

            async def ask(calls: list[tuple[str, dict[str, Any]]]) -> None:
                own = web.accounts["alice"]
                body = {"using": USING, "methodCalls": [[name, {"accountId": own, **given}, "0"] for name, given in calls]}
                answer = await web.ask("POST", "/jmap", headers={"Content-Type": "application/json"}, data=marked(json.dumps(body), marks))
                if answer.status == 200:
                    for name, found, _ in answer.json()["methodResponses"]:
                        assert not (name == "error" and found["type"] == "serverFail"), calls
                else:
                    assert answer.status == 400, answer.body

            def drive() -> None:
                @settings(max_examples=30, deadline=None, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck))
                @given(CALLS)
                def each(calls: list[tuple[str, dict[str, Any]]]) -> None:
                    asyncio.run_coroutine_threadsafe(ask(calls), loop).result(60)

                each()

            await loop.run_in_executor(None, drive)

    asyncio.run(run())
