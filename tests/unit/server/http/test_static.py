"""The web UI's files."""


from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.harness.http import Web, web_server

from mailstead.server.http.static import frame_policy


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html>" + "app " * 300)
    (dist / "assets/main-a1b2c3d4.js").write_text("x = 1;" * 300)
    (dist / "assets/main-a1b2c3d4.js.br").write_bytes(b"packed")
    (dist / "assets/pdf.worker.min-a1b2c3d4.mjs").write_text("w = 1;" * 300)
    (dist / "frame.html").write_text("<script>go()</script>")
    (dist / "frame-remote.html").write_text("<script>go()</script>")
    (dist / "sw.js").write_text("w")
    (dist / "sw.js.map").write_text("secret sources")
    async with web_server(tmp_path, web=dist) as found:
        yield found


@pytest.mark.parametrize(("path", "cache"), [
    ("/", "no-cache"), ("/mail/a/b", "no-cache"), ("/assets/main-a1b2c3d4.js", "public, max-age=31536000, immutable"), ("/sw.js", "no-cache"),
])  # fmt: skip
async def test_how_long_files_are_kept(web: Web, path: str, cache: str) -> None:
    answer = await web.ask("GET", path, who="")
    assert (200, cache) == (answer.status, answer.headers["Cache-Control"])
    again = await web.ask("GET", path, who="", headers={"If-None-Match": answer.headers["ETag"]})
    assert (304, b"") == (again.status, again.body)


async def test_packed_files_go_to_those_who_can_unpack(web: Web) -> None:
    async with web.client.get(web.base + "/assets/main-a1b2c3d4.js", headers={"Accept-Encoding": "br"}, auto_decompress=False) as response:
        assert ("br", b"packed") == (response.headers["Content-Encoding"], await response.read())


async def test_policies_of_the_documents(web: Web) -> None:
    page = (await web.ask("GET", "/", who="")).headers["Content-Security-Policy"]
    assert "require-trusted-types-for 'script'; trusted-types mailstead dompurify 'allow-duplicates'" in page
    assert "unsafe" not in page
    assert "frame-src 'self';" in page
    frame = (await web.ask("GET", "/frame.html", who="")).headers["Content-Security-Policy"]
    assert frame.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in frame
    assert "img-src data: blob:;" in frame
    remote = (await web.ask("GET", "/frame-remote.html", who="")).headers["Content-Security-Policy"]
    assert "img-src data: blob: 'self';" in remote


async def test_the_thread_that_reads_files_of_others_reaches_nothing(web: Web) -> None:
    answer = await web.ask("GET", "/assets/pdf.worker.min-a1b2c3d4.mjs", who="")
    assert "default-src 'none'; script-src 'wasm-unsafe-eval'" == answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "Content-Security-Policy" not in (await web.ask("GET", "/assets/main-a1b2c3d4.js", who="")).headers


def test_a_frames_script_is_named_by_its_hash() -> None:
    assert "script-src 'none'" in frame_policy(b"<p>", images="data:")
    assert frame_policy(b"<script>a</script>", images="") != frame_policy(b"<script>b</script>", images="")


@pytest.mark.parametrize("path", ["/sw.js.map", "/assets/main-a1b2c3d4.js.br", "/../data/mailstead.toml", "/%2e%2e/data/keys/master.key", "/assets/none.js"])
async def test_nothing_else_is_served(web: Web, path: str) -> None:
    assert 404 == (await web.ask("GET", path, who="")).status


async def test_gzip_is_made_where_nothing_else_is(web: Web) -> None:
    async with web.client.get(web.base + "/", headers={"Accept-Encoding": "gzip"}) as response:
        assert "gzip" == response.headers["Content-Encoding"]
        assert (await response.text()).startswith("<!doctype html>")
