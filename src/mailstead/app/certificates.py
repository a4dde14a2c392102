"""Which certificates this server shows: the files of ``[tls]``, or the self-signed one until there are any."""

from pathlib import Path

from mailstead.app.config import Settings
from mailstead.net import CertificateFiles, make_self_signed


def certificates(data: Path, settings: Settings) -> list[CertificateFiles]:
    """The files of ``[tls]``, relative to the data directory; without any the self-signed one, made if need be."""
    tls = settings.tls
    if not tls.certificate:
        path = data / "tls" / "self-signed.pem"
        if not path.exists():
            make_self_signed(path, [settings.hostname, "localhost"])
        return [CertificateFiles(path, path)]
    keys = tls.key or tls.certificate
    return [CertificateFiles(data / chain, data / key) for chain, key in zip(tls.certificate, keys, strict=True)]
