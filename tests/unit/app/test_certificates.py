"""Profiles are signed by the site's certificate."""

import subprocess
from pathlib import Path

from mailstead.app.certificates import signing
from mailstead.app.config import parse
from mailstead.net import make_self_signed


def test_a_signed_profile_is_opened_by_openssl(tmp_path: Path) -> None:
    make_self_signed(tmp_path / "own.pem", ["mail.example.test"])
    sign = signing(tmp_path, parse('[tls]\ncertificate = "own.pem"\n', {}))
    assert sign is not None
    (tmp_path / "signed").write_bytes(sign(b"<plist/>\n"))
    done = subprocess.run(
        ["openssl", "smime", "-verify", "-inform", "DER", "-in", tmp_path / "signed", "-CAfile", tmp_path / "own.pem", "-purpose", "any"],
        capture_output=True, check=False)
    assert (0, b"<plist/>\n") == (done.returncode, done.stdout), done.stderr


def test_without_a_certificate_of_ones_own_nothing_is_signed(tmp_path: Path) -> None:
    assert signing(tmp_path, parse("", {})) is None
    sign = signing(tmp_path, parse('[tls]\ncertificate = "missing.pem"\n', {}))
    assert sign is not None
    assert b"x" == sign(b"x")
