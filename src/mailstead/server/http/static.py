"""The web UI's files, as they were built: known at the start, served from memory, compressed beforehand.

Names with a hash in them never change; ``index.html`` and the service worker are asked for each time. The policies of the two
documents are the ones that hold the UI and a message's frame apart (docs/decisions/0040 where it is built).
"""

import base64
import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

_HASHED: Final = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
_TEXT: Final = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
APP_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; connect-src 'self';"
    " frame-src 'self'; worker-src 'self'; manifest-src 'self'; media-src 'self' blob:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types mailstead dompurify 'allow-duplicates'"
)
PDF_POLICY: Final = "default-src 'none'; script-src 'wasm-unsafe-eval'"
"""Of the thread that reads PDF files: it asks for nothing and runs no text; decoders of pictures are compiled there and nowhere else."""
_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
                 ".mjs": "text/javascript; charset=utf-8", ".wasm": "application/wasm", ".pfb": "application/octet-stream", ".webmanifest": "application/manifest+json", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".json": "application/json"}  # fmt: skip
_SCRIPT: Final = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
NOT_BUILT: Final = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Mailstead</title><p>The web UI is not built here. JMAP, IMAP and everything"
    " else work; build it with <code>cd web &amp;&amp; npm ci &amp;&amp; npm run build</code>.</html>"
)


@dataclass(frozen=True, slots=True)
class _File:
    octets: bytes
    packed: dict[str, bytes]
    headers: dict[str, str]
    etag: str


class Static:
    """``folder``: what was built; a missing one shows a page that says so."""

    def __init__(self, folder: Path) -> None:
        self._files: dict[str, _File] = {}
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and path.suffix not in {".br", ".gz", ".map"}:
                self._files["/" + path.relative_to(folder).as_posix()] = _read(path)

    @property
    def is_built(self) -> bool:
        return "/index.html" in self._files

    def answer(self, request: Request) -> Response:
        """A file, the application's document for its own paths, or 404."""
        path = request.url.path
        found = self._files.get(path)
        if found is None and "." not in path.rsplit("/", 1)[-1]:
            if not self.is_built:
                return Response(NOT_BUILT, headers={"Content-Security-Policy": "default-src 'none'"}, media_type="text/html")
            found = self._files["/index.html"]
        if found is None:
            return Response("Not found\n", 404, media_type="text/plain")
        if request.headers.get("if-none-match") == found.etag:
            return Response(b"", 304, {"ETag": found.etag, **{k: v for k, v in found.headers.items() if k == "Cache-Control"}})
        accepted = request.headers.get("accept-encoding", "")
        for coding, octets in found.packed.items():
            if coding in accepted:
                return Response(octets, headers={**found.headers, "Content-Encoding": coding, "Vary": "Accept-Encoding", "ETag": found.etag})
        return Response(found.octets, headers={**found.headers, "Vary": "Accept-Encoding", "ETag": found.etag})


def _read(path: Path) -> _File:
    octets = path.read_bytes()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {"Content-Type": kind, "Cache-Control": "no-cache"}
    if _HASHED.search(path.name):
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if path.name in {"frame.html", "frame-remote.html"}:
        headers["Content-Security-Policy"] = frame_policy(octets, images="data: blob:" + (" 'self'" if "remote" in path.name else ""))
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
    elif path.suffix == ".html":
        headers["Content-Security-Policy"] = APP_POLICY
    elif path.name.startswith("pdf.worker"):
        headers["Content-Security-Policy"] = PDF_POLICY
    packed: dict[str, bytes] = {}
    brotli = path.with_name(path.name + ".br")
    if brotli.exists():
        packed["br"] = brotli.read_bytes()
    if kind.startswith(_TEXT) and len(octets) > 500:  # noqa: PLR2004 - smaller ones gain nothing
        packed["gzip"] = gzip.compress(octets, 9, mtime=0)
    return _File(octets, packed, headers, f'"{hashlib.blake2b(octets, digest_size=12).hexdigest()}"')


def frame_policy(document: bytes, *, images: str) -> str:
    """The policy of a message's frame: an origin of its own, its one script by its hash, no network (``frame-remote.html``: our image proxy)."""
    def hashes(found: list[bytes]) -> str:
        return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one).digest()).decode()}'" for one in found) or "'none'"

    return (
        f"sandbox allow-scripts allow-modals allow-popups allow-popups-to-escape-sandbox; default-src 'none'; script-src {hashes(_SCRIPT.findall(document))};"
        f" style-src 'unsafe-inline'; img-src {images}; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )
