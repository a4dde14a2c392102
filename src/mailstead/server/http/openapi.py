"""The OpenAPI description of what is HTTP and not JMAP: ``/api/openapi.json``, kept in step by a test that asks everything in it.

Bodies are described by the types that read and write them. JMAP describes itself: its session says what there is (RFC 8620 §2).
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailstead.server.http.api import session as api
from mailstead.server.http.images import Signed, Wanted

PATH: Final = "/api/openapi.json"
_REF: Final = "#/components/schemas/{name}"
_PROBLEM: Final = "application/problem+json"
_ERRORS: Final = {
    400: "The request cannot be read", 401: "Sign in first", 403: "This is not allowed, or the page is not ours", 404: "There is no such thing",
    408: "The body came too slowly", 409: "There is such a thing already", 410: "This has expired", 413: "Too large", 422: "The values are not as they should be",
    429: "Too often; see Retry-After", 502: "The picture could not be had", 503: "Not now; see Retry-After", 507: "The account is full",
}  # fmt: skip


class Problem(msgspec.Struct, omit_defaults=True):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one path. ``by``: how who asks is known: ``cookie``, ``any`` (cookie or Basic), ``if any`` (a cookie where there is one), "" (nobody need be). ``answer``: a type, or a media type of
    octets; None: no body."""

    method: str
    path: str
    summary: str
    by: str = "cookie"
    body: Any = None
    answer: Any = None
    status: int = 200
    query: tuple[str, ...] = ()
    more: tuple[int, ...] = ()
    """Further statuses that are no errors; 204 is without a body."""


OPERATIONS: Final = (
    Operation("get", "/healthz", "Whether this worker lives", "", answer="text/plain"),
    Operation("get", "/readyz", "Whether all workers do", "", answer="text/plain", more=(503,)),
    Operation("get", PATH, "This description", "", answer="application/json"),
    Operation("get", "/api/session", "Who is signed in; 204 where nobody is", "if any", answer=api.Me, more=(204,)),
    Operation("post", "/api/session", "Sign in: the answer sets the session's cookie", "", api.SignIn, api.Me),
    Operation("delete", "/api/session", "Sign out", status=204),
    Operation("get", "/api/sessions", "Every session of the account", answer=list[api.Session]),
    Operation("delete", "/api/sessions/{id}", "End one", status=204),
    Operation("put", "/api/password", "A new password; all other sessions end", body=api.Password, status=204),
    Operation("get", "/api/totp", "Whether there is a second factor", answer=api.Totp),
    Operation("post", "/api/totp", "Begin one", answer=api.Second),
    Operation("put", "/api/totp", "Confirm it", body=api.Code, answer=api.Totp),
    Operation("delete", "/api/totp", "End it", body=api.Proof, answer=api.Totp),
    Operation("get", "/api/app-passwords", "All app passwords, without the passwords", answer=list[api.AppPassword]),
    Operation("post", "/api/app-passwords", "Make one; the password is shown this once", body=api.Label, answer=api.AppPassword, status=201),
    Operation("delete", "/api/app-passwords/{id}", "End one", status=204),
    Operation("get", "/api/key-share", "The server's half of the key of the cache on the device", answer=api.Share),
    Operation("post", "/api/image-urls", "Where pictures of messages are to be fetched, signed for a day", "any", Wanted, Signed),
    Operation("get", "/proxy/image", "A picture, at an address that was signed", "", answer="image/*", query=("url", "until", "sig")),
    Operation("get", "/mail/config-v1.1.xml", "Autoconfig", "", answer="application/xml", query=("emailaddress",)),
    Operation("get", "/autodiscover/autodiscover.json", "Autodiscover, version 2", "", answer="application/json", query=("Email", "Protocol")),
    Operation("get", "/mail.mobileconfig", "A configuration profile for Apple's Mail", "", answer="application/x-apple-aspen-config", query=("address",)),
)


def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    kinds = [one for each in OPERATIONS for one in (each.body, each.answer) if one is not None and not isinstance(one, str)]
    schemas, parts = msgspec.json.schema_components((*kinds, Problem), ref_template=_REF)
    described = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        body = next(described) if one.body is not None else None
        answer = next(described) if one.answer is not None and not isinstance(one.answer, str) else None
        paths.setdefault(one.path, {})[one.method] = _operation(one, body, answer)
    return {
        "openapi": "3.1.0", "info": {"title": "mailstead, beside JMAP", "version": "1"}, "paths": paths,
        "components": {
            "schemas": parts,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "mailstead", "description": "Set by POST /api/session; over HTTPS its name begins with __Host-"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token", "description": "csrf of GET /api/session, with whatever changes something"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }  # fmt: skip


def _operation(one: Operation, body: Any, answer: Any) -> dict[str, Any]:
    names = [name for name in one.path.split("/") if name.startswith("{")]
    parameters = [{"name": name.strip("{}"), "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in names]
    parameters += [{"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in one.query]
    responses: dict[str, Any] = {str(status): {"description": text, "content": {_PROBLEM: {"schema": {"$ref": _REF.format(name="Problem")}}}}
                                 for status, text in _ERRORS.items()}
    content = {one.answer: {"schema": {}}} if isinstance(one.answer, str) else {"application/json": {"schema": answer}} if answer is not None else None
    for status in (one.status, *one.more):
        responses[str(status)] = {"description": "Done", **({"content": content} if content and status != 204 else {})}  # noqa: PLR2004
    found: dict[str, Any] = {"operationId": f"{one.method}{one.path}".replace("/", "-").replace("{", "").replace("}", ""), "summary": one.summary,
                             "parameters": parameters, "responses": responses}
    if body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    cookie: dict[str, list[str]] = {"session": [], **({} if one.method == "get" else {"csrf": []})}
    if one.by:
        others: dict[str, list[dict[str, list[str]]]] = {"any": [{"basic": []}], "if any": [{}]}
        found["security"] = [cookie, *others.get(one.by, [])]
    return found


def openapi_route() -> Route:
    """Where it is."""
    octets = msgspec.json.encode(document())

    async def described(_: Request) -> Response:
        return Response(octets, headers={"Cache-Control": "max-age=3600"}, media_type="application/json")

    return Route(PATH, described)
