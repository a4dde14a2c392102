"""What a browser asks of an application before it offers to install it (Web Application Manifest; a worker that answers without a network)."""

import json
import re
import struct
from importlib import resources

DIST = resources.files("mailstead.web") / "dist"


def test_the_manifest_names_it_and_its_icons() -> None:
    assert 'rel="manifest"' in (DIST / "index.html").read_text()
    manifest = json.loads((DIST / "manifest.webmanifest").read_text())
    assert manifest["name"]
    assert manifest["start_url"].startswith("/")
    assert manifest["display"] == "standalone"
    sizes = set()
    for icon in manifest["icons"]:
        octets = (DIST / icon["src"].lstrip("/")).read_bytes()
        if octets.startswith(b"\x89PNG"):
            width, height = struct.unpack(">II", octets[16:24])
            assert icon["sizes"] == f"{width}x{height}"
            sizes.add(width)
    assert sizes >= {192, 512}
    assert any("maskable" in icon.get("purpose", "") for icon in manifest["icons"])


def test_the_worker_keeps_every_file_of_the_application() -> None:
    worker = (DIST / "sw.js").read_text()
    built = {f"/assets/{one.name}" for one in (DIST / "assets").iterdir()}
    assert [name for name in built if name not in worker] == []
    assert "/frame.html" in worker


def test_what_is_large_and_seldom_used_is_not_fetched_beforehand() -> None:
    worker = (DIST / "sw.js").read_text()
    lists = [json.loads(one) for one in re.findall(r'\[(?:"/[^"]+",?)+\]', worker)]
    beforehand, seldom = sorted(lists, key=len, reverse=True)[:2]
    reader = [name for name in seldom if "pdf.worker" in name]
    assert len(reader) == 1
    assert (DIST / reader[0].lstrip("/")).stat().st_size > 1_000_000
    assert not set(beforehand) & set(seldom)
    assert sum((DIST / name.lstrip("/")).stat().st_size for name in beforehand) < 1_500_000
    # Nothing of it is part of the first visit.
    assert "pdf" not in (DIST / "index.html").read_text().lower()
