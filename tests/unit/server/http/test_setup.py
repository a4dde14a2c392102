"""Mail programs set themselves up: what they are told, and what nobody learns by asking."""

import plistlib
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.harness.http import Web, web_server

from mailstead.server.http.setup import Site, setup_routes

ASKED = (
    '<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
    "<EMailAddress>{}</EMailAddress><AcceptableResponseSchema>x</AcceptableResponseSchema></Request></Autodiscover>"
)


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async def is_ours(domain: str) -> bool:
        return domain in {"example.test", "xn--bcher-kva.test"}

    async with web_server(tmp_path, routes=lambda _: setup_routes(Site("mail.example.test", is_ours, sign=lambda octets: b"signed " + octets))) as found:
        yield found


async def test_thunderbird(web: Web) -> None:
    answer = await web.ask("GET", "/mail/config-v1.1.xml?emailaddress=nobody@Example.test", who="")
    root = ET.fromstring(answer.body)
    provider = root.find("emailProvider")
    assert provider is not None
    assert [("imap", "993"), ("pop3", "995")] == [(one.get("type"), one.findtext("port")) for one in provider.findall("incomingServer")]
    assert ("example.test", "mail.example.test", "%EMAILADDRESS%", "SSL") == (
        provider.get("id"), provider.findtext("outgoingServer/hostname"), provider.findtext("outgoingServer/username"), provider.findtext("outgoingServer/socketType"))
    by_host = await web.ask("GET", "/.well-known/autoconfig/mail/config-v1.1.xml", who="", headers={"Host": "autoconfig.example.test:80"})
    assert answer.body == by_host.body
    assert 200 == (await web.ask("GET", "/mail/config-v1.1.xml?emailaddress=x@b%C3%BCcher.test", who="")).status


async def test_outlook(web: Web) -> None:
    for path in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"):
        answer = await web.ask("POST", path, who="", data=ASKED.format("alice@example.test"))
        space = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
        found = [(one.findtext(space + "Type"), one.findtext(space + "Port"), one.findtext(space + "LoginName")) for one in ET.fromstring(answer.body).iter(space + "Protocol")]
        assert [("IMAP", "993", "alice@example.test"), ("POP3", "995", "alice@example.test"), ("SMTP", "465", "alice@example.test")] == found
    answer = await web.ask("GET", "/autodiscover/autodiscover.json?Email=a@example.test&Protocol=Autodiscoverv1", who="")
    assert {"Protocol": "AutodiscoverV1", "Url": "https://mail.example.test/autodiscover/autodiscover.xml"} == answer.json()
    assert 404 == (await web.ask("GET", "/autodiscover/autodiscover.json/v1.0/a@example.test?Protocol=ActiveSync", who="")).status


async def test_apple(web: Web) -> None:
    answer = await web.ask("GET", "/mail.mobileconfig?address=alice@example.test", who="")
    assert "application/x-apple-aspen-config" == answer.headers["Content-Type"]
    assert answer.body.startswith(b"signed ")
    (account,) = plistlib.loads(answer.body.removeprefix(b"signed "))["PayloadContent"]
    assert ("alice@example.test", "mail.example.test", 993, True) == (
        account["EmailAddress"], account["IncomingMailServerHostName"], account["IncomingMailServerPortNumber"], account["IncomingMailServerUseSSL"])
    assert answer.body == (await web.ask("GET", "/mail.mobileconfig?address=alice@example.test", who="")).body


async def test_nothing_is_learned_about_mailboxes_and_nothing_of_strangers(web: Web) -> None:
    one, other = [(await web.ask("GET", f"/mail/config-v1.1.xml?emailaddress={name}@example.test", who="")).body for name in ("alice", "nobody")]
    assert one == other
    for path in ("/mail/config-v1.1.xml?emailaddress=a@far.test", "/mail.mobileconfig?address=a@far.test", "/autodiscover/autodiscover.json?Email=a@far.test"):
        assert 404 == (await web.ask("GET", path, who="")).status
    for bad in ("", "a", "<a>@example.test", "a@", "a b@example.test", "&x;@example.test"):
        assert 400 == (await web.ask("POST", "/autodiscover/autodiscover.xml", who="", data=ASKED.format(bad))).status, bad
    assert 413 == (await web.ask("POST", "/autodiscover/autodiscover.xml", who="", data="x" * 70_000)).status
    hostile = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + ASKED.format("&a;@example.test")
    assert 400 == (await web.ask("POST", "/autodiscover/autodiscover.xml", who="", data=hostile)).status
