"""A push service on loopback, as Firefox knows it: browsers come by WebSocket and speak autopush's protocol, applications post (RFC 8030, RFC 8292).

The protocol is Mozilla's, as its push service documents it (``hello``, ``register``, ``notification``, ``ack``, ``unregister``): JSON texts, the octets of a message in base64url.
"""

import asyncio
import base64
import json
import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import WSMsgType, web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from mailstead.net import make_self_signed

DELIVERED = 100
"""What a browser says in its ``ack`` when a message was decrypted and handed to its service worker."""


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed_by(authorization: str) -> str:
    """The key (base64url) whose signature an ``Authorization`` of VAPID carries (RFC 8292 §3). Raises ``ValueError`` where it is none."""
    scheme, _, rest = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    said, _, signature = parts["t"].rpartition(".")
    octets = from_base64url(signature)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_base64url(parts["k"]))
    try:
        key.verify(encode_dss_signature(int.from_bytes(octets[:32]), int.from_bytes(octets[32:])), said.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as exc:
        raise ValueError("the signature is of another key") from exc
    if scheme != "vapid":
        raise ValueError(f"{scheme} is not vapid")
    return parts["k"]


@dataclass
class PushService:
    """``posts``: (channel, octets) as they came; ``acks``: (channel, code) of the browser; ``keys``: the application's key by channel."""

    folder: Path
    posts: list[tuple[str, bytes]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    acks: list[tuple[str, int]] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.certificate = self.folder / "push.pem"
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._of: dict[str, str] = {}
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    # ------------------------------------------------------------------------------------------------- in and out
    def __enter__(self) -> Self:
        make_self_signed(self.certificate, ["localhost"])
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(timeout=20)
        self._loop.close()

    async def _serve(self) -> None:
        import ssl

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate)
        app = web.Application()
        app.router.add_get("/", self._browser)
        app.router.add_post("/wpush/{channel}", self._application)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        self.ws, self.https = (f"{scheme}://127.0.0.1:{address[1]}" for scheme, address in zip(("ws", "https"), runner.addresses, strict=True))
        self._ready.set()
        await self._ended.wait()
        for socket in self._sockets.values():
            await socket.close()
        await runner.cleanup()

    # ------------------------------------------------------------------------------------------------- browsers
    async def _browser(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("push-notification",))
        await socket.prepare(request)
        who = ""
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            said: dict[str, Any] = json.loads(message.data)
            if said.get("messageType") == "hello":
                who = said.get("uaid") or uuid.uuid4().hex
                self._sockets[who] = socket
            answer = self._answer(said, who)
            if answer is not None:
                await socket.send_json(answer)
        self._sockets.pop(who, None)
        return socket

    def _answer(self, said: dict[str, Any], who: str) -> dict[str, Any] | None:
        match said.get("messageType"):
            case "hello":
                return {"messageType": "hello", "uaid": who, "status": 200, "use_webpush": True, "broadcasts": {}}
            case "register":
                channel = said["channelID"]
                self._of[channel], self.keys[channel] = who, said.get("key", "").rstrip("=")
                return {"messageType": "register", "channelID": channel, "status": 200, "pushEndpoint": f"{self.https}/wpush/{channel}"}
            case "unregister":
                self._of.pop(said["channelID"], None)
                return {"messageType": "unregister", "channelID": said["channelID"], "status": 200}
            case "ack":
                self.acks += [(one["channelID"], one.get("code", 0)) for one in said["updates"]]
            case None:
                return {}  # a ping is an empty object
        return None

    # ------------------------------------------------------------------------------------------------- applications
    async def _application(self, request: web.Request) -> web.Response:
        channel = request.match_info["channel"]
        socket = self._sockets.get(self._of.get(channel, ""))
        if channel not in self._of:
            return web.Response(status=410)
        octets = await request.read()
        try:
            if signed_by(request.headers["Authorization"]) != self.keys[channel]:
                raise ValueError("not the key that the browser has subscribed with")
            coding = request.headers["Content-Encoding"]
            if not int(request.headers["TTL"]) or coding != "aes128gcm":
                raise ValueError(f"coding {coding}")
        except (KeyError, ValueError) as exc:
            self.refused.append(repr(exc))
            return web.Response(status=401)
        self.posts.append((channel, octets))
        if socket is not None:
            await socket.send_json({
                "messageType": "notification", "channelID": channel, "version": uuid.uuid4().hex, "ttl": 60, "headers": {"encoding": coding},
                "data": base64.urlsafe_b64encode(octets).rstrip(b"=").decode(),
            })  # fmt: skip
        return web.Response(status=201, headers={"Location": f"{self.https}/message/{len(self.posts)}"})
