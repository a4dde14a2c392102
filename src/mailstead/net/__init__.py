"""The only package that opens connections: streams, listeners, TLS.

Drivers get a ``Stream`` and nothing else: octets, deadlines, back pressure. Sockets, buffers and certificates stay here.
"""

from mailstead.net.connect import connect
from mailstead.net.endpoint import Endpoint
from mailstead.net.errors import Draining, Gone, NetError, Silent
from mailstead.net.listener import Counts, Handler, Listener, ListenLimits, bind, split_address
from mailstead.net.loop import new_loop, run
from mailstead.net.stream import Stream
from mailstead.net.tls import CertificateFiles, ClientTls, ServerTls, TlsInfo, make_self_signed

__all__ = [
    "CertificateFiles", "ClientTls", "Counts", "Draining", "Endpoint", "Gone", "Handler", "ListenLimits", "Listener", "NetError",
    "ServerTls", "Silent", "Stream", "TlsInfo", "bind", "connect", "make_self_signed", "new_loop", "run", "split_address",
]  # fmt: skip
