"""How mail programs set themselves up: autoconfig (Thunderbird), autodiscover (Outlook), a configuration profile (Apple).

Only the domain of an address counts: who asks about an address of one of our domains gets the same answer whether there is such a mailbox or not.
What comes in is read with a pattern, never by an XML parser.
"""

import plistlib
import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailstead.model.address import domain_key
from mailstead.server.http import body
from mailstead.server.http.problem import Problem

IMAP: Final = 993
POP3: Final = 995
SUBMISSION: Final = 465
_MOST: Final = 64 << 10
_ADDRESS: Final = re.compile(r"[^\s<>\"'&\x00-\x1f\x7f]{1,64}@[^\s<>\"'&@\x00-\x1f\x7f]{1,255}")
_ASKED: Final = re.compile(r"<EMailAddress>\s*([^<]{1,330}?)\s*</EMailAddress>", re.IGNORECASE)
_SCHEMA: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
_SPACE: Final = uuid.UUID("b8dbbfb4-6a0c-5d0d-9f0e-0f5f3c7a4a35")

IsOurs = Callable[[str], Awaitable[bool]]
"""Whether a domain (its key) is one of this server's."""
Sign = Callable[[bytes], bytes]
"""A profile signed (CMS), so that a device shows whose it is."""


@dataclass(frozen=True, slots=True)
class Site:
    """``hostname``: where everything is, over TLS at the usual ports. ``sign`` None: profiles are not signed."""

    hostname: str
    is_ours: IsOurs
    offers_pop3: bool = True
    sign: Sign | None = None


def setup_routes(site: Site) -> Sequence[Route]:
    """Where programs look."""

    async def autoconfig(request: Request) -> Response:
        address = request.query_params.get("emailaddress", "")
        host = domain_key(request.headers.get("host", "").partition(":")[0])
        domain = await _domain(site, address or "x@" + host.removeprefix("autoconfig."))
        return _xml(thunderbird(site, domain))

    async def autodiscover(request: Request) -> Response:
        asked = _ASKED.search((await body.whole(request, _MOST)).decode("utf-8", "replace"))
        if asked is None:
            raise Problem(400, "invalid", "The request names no EMailAddress")
        await _domain(site, asked[1])
        return _xml(outlook(site, asked[1]))

    async def version_2(request: Request) -> Response:
        asked = {name.lower(): value for name, value in request.query_params.items()}
        address = asked.get("email", "") or request.path_params.get("address", "")
        await _domain(site, address)
        if asked.get("protocol", "").lower() != "autodiscoverv1":
            raise Problem(404, "not-found", "Of these protocols there is AutodiscoverV1 alone")
        said = {"Protocol": "AutodiscoverV1", "Url": f"https://{site.hostname}/autodiscover/autodiscover.xml"}
        return Response(msgspec.json.encode(said), media_type="application/json")

    async def apple(request: Request) -> Response:
        address = request.query_params.get("address", "")
        await _domain(site, address)
        octets = profile(site, address)
        return Response(
            site.sign(octets) if site.sign is not None else octets, media_type="application/x-apple-aspen-config",
            headers={"Content-Disposition": 'attachment; filename="mail.mobileconfig"', "Cache-Control": "no-store"})

    return (
        Route("/mail/config-v1.1.xml", autoconfig), Route("/.well-known/autoconfig/mail/config-v1.1.xml", autoconfig),
        *(Route(path, autodiscover, methods=["POST"]) for path in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml")),
        Route("/autodiscover/autodiscover.json", version_2), Route("/autodiscover/autodiscover.json/v1.0/{address}", version_2),
        Route("/mail.mobileconfig", apple),
    )  # fmt: skip


async def _domain(site: Site, address: str) -> str:
    """The address's domain. Raises ``Problem`` where it is none of ours, or no address."""
    if not _ADDRESS.fullmatch(address):
        raise Problem(400, "invalid", "This is not an address")
    found = domain_key(address.rpartition("@")[2])
    if not await site.is_ours(found):
        raise Problem(404, "not-found", "This server has no such domain")
    return found


def _xml(text: str) -> Response:
    return Response(text, media_type="application/xml", headers={"Cache-Control": "no-store"})


# ----------------------------------------------------------------------------------------------------------- documents
def thunderbird(site: Site, domain: str) -> str:
    """Autoconfig 1.1: the program puts the address in place of the placeholder."""
    host, name = escape(site.hostname), escape(domain)
    incoming = [("imap", IMAP), *((("pop3", POP3),) if site.offers_pop3 else ())]
    servers = "".join(_server("incomingServer", kind, host, port) for kind, port in incoming) + _server("outgoingServer", "smtp", host, SUBMISSION)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<clientConfig version="1.1">\n'
        f'  <emailProvider id="{name}">\n    <domain>{name}</domain>\n    <displayName>{name}</displayName>\n    <displayShortName>{name}</displayShortName>\n'
        f"{servers}  </emailProvider>\n</clientConfig>\n"
    )


def _server(element: str, kind: str, host: str, port: int) -> str:
    return (
        f'    <{element} type="{kind}">\n      <hostname>{host}</hostname>\n      <port>{port}</port>\n      <socketType>SSL</socketType>\n'
        f"      <username>%EMAILADDRESS%</username>\n      <authentication>password-cleartext</authentication>\n    </{element}>\n"
    )


def outlook(site: Site, address: str) -> str:
    """Autodiscover's answer for IMAP and SMTP."""
    protocols = "".join(
        f"      <Protocol>\n        <Type>{kind}</Type>\n        <Server>{escape(site.hostname)}</Server>\n        <Port>{port}</Port>\n"
        f"        <LoginName>{escape(address)}</LoginName>\n        <SPA>off</SPA>\n        <SSL>on</SSL>\n        <AuthRequired>on</AuthRequired>\n      </Protocol>\n"
        for kind, port in (("IMAP", IMAP), *((("POP3", POP3),) if site.offers_pop3 else ()), ("SMTP", SUBMISSION))
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">\n'
        f'  <Response xmlns="{_SCHEMA}">\n    <Account>\n      <AccountType>email</AccountType>\n      <Action>settings</Action>\n{protocols}'
        "    </Account>\n  </Response>\n</Autodiscover>\n"
    )


def profile(site: Site, address: str) -> bytes:
    """A configuration profile for Mail on Apple's devices; the same again for the same address, so that it replaces itself."""
    ident = ".".join(reversed(site.hostname.split("."))) + ".mail"
    account = {
        "PayloadType": "com.apple.mail.managed", "PayloadVersion": 1, "PayloadIdentifier": f"{ident}.{address}",
        "PayloadUUID": str(uuid.uuid5(_SPACE, f"account {address}")).upper(), "PayloadDisplayName": address, "EmailAccountType": "EmailTypeIMAP",
        "EmailAccountDescription": address, "EmailAddress": address, "IncomingMailServerHostName": site.hostname, "IncomingMailServerPortNumber": IMAP,
        "IncomingMailServerUseSSL": True, "IncomingMailServerAuthentication": "EmailAuthPassword", "IncomingMailServerUsername": address,
        "OutgoingMailServerHostName": site.hostname, "OutgoingMailServerPortNumber": SUBMISSION, "OutgoingMailServerUseSSL": True,
        "OutgoingMailServerAuthentication": "EmailAuthPassword", "OutgoingMailServerUsername": address, "OutgoingPasswordSameAsIncomingPassword": True,
    }  # fmt: skip
    return plistlib.dumps({
        "PayloadType": "Configuration", "PayloadVersion": 1, "PayloadIdentifier": f"{ident}.profile.{address}",
        "PayloadUUID": str(uuid.uuid5(_SPACE, f"profile {address}")).upper(), "PayloadDisplayName": f"Mail for {address}",
        "PayloadDescription": f"Sets up {address} at {site.hostname}", "PayloadOrganization": site.hostname, "PayloadRemovalDisallowed": False,
        "PayloadContent": [account],
    })  # fmt: skip
