"""A name server on loopback for tests: zones from text, UDP and TCP, and ways to misbehave.

``zone`` is in master-file form with absolute names. ``misbehave`` maps a name, or a name and a type, to "silent", "servfail", "truncate", "forge" (a wrong id
first, then the answer) or "garbage".
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone


class NameServer(asyncio.DatagramProtocol):
    """One server; ``port`` is known once it listens."""

    def __init__(self, zone: str, *, misbehave: dict[str, str] | None = None, secure: bool = False) -> None:
        self._zone = dns.zone.from_text(zone, origin=".", relativize=False, check_origin=False)
        self._misbehave = misbehave or {}
        self._secure = secure
        self.port = 0
        self.heard: list[tuple[str, str, str]] = []
        """(transport, name, type) of each question."""
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for octets in self._answers(data, "udp"):
            self._transport.sendto(octets, addr)

    async def tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        for octets in self._answers(await reader.readexactly(size), "tcp"):
            writer.write(len(octets).to_bytes(2, "big") + octets)
        await writer.drain()
        writer.close()

    def _answers(self, octets: bytes, transport: str) -> list[bytes]:
        query = dns.message.from_wire(octets)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        self.heard.append((transport, name, dns.rdatatype.to_text(question.rdtype)))
        response = dns.message.make_response(query, recursion_available=True)
        fault = self._misbehave.get(f"{name} {dns.rdatatype.to_text(question.rdtype)}", self._misbehave.get(name, ""))
        if fault == "silent":
            return []
        if fault == "garbage":
            return [octets[:2] + b"\x81\x80\x00\x01\xff\xff" + b"\xff" * 20]
        if fault == "servfail":
            response.set_rcode(dns.rcode.SERVFAIL)
            return [response.to_wire()]
        if fault == "truncate" and transport == "udp":
            response.flags |= dns.flags.TC
            return [response.to_wire()]
        if self._secure:
            response.flags |= dns.flags.AD
        self._fill(response, question.name, question.rdtype)
        whole = response.to_wire()
        if fault == "forge":
            forged = dns.message.make_response(query)
            forged.id ^= 1
            forged.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", "192.0.2.66"))
            return [forged.to_wire(), whole]
        return [whole]

    def _fill(self, response: Any, at: Any, kind: dns.rdatatype.RdataType) -> None:
        for _ in range(20):
            node = self._zone.get_node(at)
            if node is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
                break
            found = node.get_rdataset(dns.rdataclass.IN, kind)
            alias = node.get_rdataset(dns.rdataclass.IN, dns.rdatatype.CNAME)
            if found is not None:
                response.answer.append(dns.rrset.from_rdata_list(at, found.ttl, list(found)))
                return
            if alias is None:
                break
            response.answer.append(dns.rrset.from_rdata_list(at, alias.ttl, list(alias)))
            at = alias[0].target
        response.authority.append(dns.rrset.from_text("test.", 300, "IN", "SOA", "ns.test. admin.test. 1 60 60 60 30"))


@contextlib.asynccontextmanager
async def name_server(zone: str, **how: Any) -> AsyncIterator[NameServer]:
    """A listening server."""
    server = NameServer(zone, **how)
    tcp = await asyncio.start_server(server.tcp, "127.0.0.1", 0)
    server.port = tcp.sockets[0].getsockname()[1]
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, ("127.0.0.1", server.port))
    try:
        yield server
    finally:
        transport.close()
        tcp.close()
