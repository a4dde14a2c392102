"""What a browser asks of an application before it offers to install it (Web Application Manifest; a worker that answers without a network)."""

import json
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
