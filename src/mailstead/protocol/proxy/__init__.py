"""The PROXY header, versions 1 and 2: for whom a proxy in front of us calls.

Specification: "The PROXY protocol", https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt. The header stands before
everything else, TLS included; a proxy of ours must send one, and nobody else may. ``Reader`` says how much it may be given
(``wanted``), so that not one octet of what follows need be taken; what was given too much is ``rest``.
"""

from mailstead.protocol.proxy.reader import Reader, Source

__all__ = ["Reader", "Source"]
