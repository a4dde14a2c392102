"""Where a login comes from, as ``service.access`` wants to know it."""

from mailstead.model.question import Origin
from mailstead.net import Stream


def origin_of(stream: Stream, protocol: str) -> Origin:
    """The peer of a stream, with the channel bindings of its TLS (RFC 5929)."""
    tls, peer = stream.tls, stream.peer
    binding: dict[str, bytes] = {}
    if tls is not None:
        if tls.tls_server_end_point:
            binding["tls-server-end-point"] = tls.tls_server_end_point
        if tls.tls_unique:
            binding["tls-unique"] = tls.tls_unique
    return Origin(peer.host, peer.is_loopback, tls is not None, protocol, binding, peer.limit_key)
