"""Remote pictures of messages, fetched in the reader's place: whoever put them there learns neither who reads nor when from where.

A page of ours asks for signed addresses (``POST /api/image-urls``), for the frame that shows a message has no cookies to be known by; a signature
holds for a day and for one address. What comes back is a picture of a kind that is known by its first octets, or nothing; it is passed
on undecoded.
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import Unavailable
from mailstead.server.http import body
from mailstead.server.http.identify import Identify
from mailstead.server.http.problem import Problem

LASTS_S: Final = 86_400
_BODY: Final = 1 << 20
Fetch = Callable[[str], Awaitable[bytes]]
"""The octets at a web address. Raises ``Unavailable``."""


class Wanted(msgspec.Struct):
    """Addresses of pictures."""

    urls: list[str]


class Signed(msgspec.Struct):
    """Where each is to be fetched; null for what is no address of a picture."""

    urls: list[str | None]


class Images:
    """``secret``: of this site."""

    def __init__(self, identify: Identify, fetch: Fetch, *, secret: bytes) -> None:
        self._identify = identify
        self._fetch = fetch
        self._secret = secret
        self._free = asyncio.Semaphore(limits.IMAGES_AT_ONCE)

    def routes(self) -> list[Route]:
        """Where everything is."""
        return [Route("/api/image-urls", self.urls, methods=["POST"]), Route("/proxy/image", self.image, methods=["GET"])]

    async def urls(self, request: Request) -> Response:
        """``{urls}`` → ``{urls}``: for each address where it is to be fetched, null for what is none."""
        await self._identify(request)
        try:
            asked = msgspec.json.decode(await body.whole(request, _BODY), type=Wanted)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise Problem(422, "invalid", "urls is a list of addresses") from None
        if len(asked.urls) > limits.IMAGE_URLS:
            raise Problem(413, "too-large", f"At most {limits.IMAGE_URLS} addresses at once")
        until = int(time.time()) // 3_600 * 3_600 + LASTS_S
        found = [self._signed(url, until) if _is_web(url) else None for url in asked.urls]
        return Response(msgspec.json.encode(Signed(found)), headers={"Cache-Control": "no-store"}, media_type="application/json")

    def _signed(self, url: str, until: int) -> str:
        return f"/proxy/image?url={quote(url, safe='')}&until={until}&sig={self._signature(url, until)}"

    def _signature(self, url: str, until: int) -> str:
        return hmac.new(self._secret, b"image %d " % until + url.encode(), hashlib.sha256).hexdigest()[:32]

    async def image(self, request: Request) -> Response:
        """The picture at a signed address."""
        url, until, sig = (request.query_params.get(name, "") for name in ("url", "until", "sig"))
        if not (until.isascii() and until.isdigit() and len(until) < 12) or not hmac.compare_digest(sig.encode(), self._signature(url, int(until)).encode()):  # noqa: PLR2004 - seconds since 1970
            raise Problem(403, "signature", "This address was not made here")
        if int(until) < time.time():
            raise Problem(410, "expired", "This address has expired; load the message again")
        try:
            async with self._free:
                octets = await self._fetch(url)
        except Unavailable as exc:
            telemetry.count("images.failed")
            raise Problem(502, "no-image", "The picture could not be fetched", exc.public) from exc
        kind = kind_of(octets)
        if not kind:
            raise Problem(502, "no-image", "What is there is no picture")
        telemetry.count("images.fetched")
        headers = {
            "Cache-Control": f"private, max-age={LASTS_S}", "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cross-Origin-Resource-Policy": "cross-origin", "Content-Disposition": "inline",
        }  # fmt: skip
        return Response(octets, 200, headers, kind)


def kind_of(octets: bytes) -> str:
    """The media type of a picture that browsers show, by its first octets; "" for anything else (SVG holds scripts)."""
    if octets.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if octets.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if octets[:6] in {b"GIF87a", b"GIF89a"}:
        return "image/gif"
    if octets[:4] == b"RIFF" and octets[8:12] == b"WEBP":
        return "image/webp"
    if octets[4:12] in {b"ftypavif", b"ftypavis"}:
        return "image/avif"
    return "image/bmp" if octets[:2] == b"BM" and len(octets) > 26 else ""  # noqa: PLR2004 - its header's octets


def _is_web(url: str) -> bool:
    return url.startswith(("http://", "https://")) and len(url) <= limits.IMAGE_URL and not any(ord(character) <= 0x20 for character in url)
