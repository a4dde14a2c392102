"""The IMAP driver: pumps octets through ``protocol.imap`` and puts its events to ``service``.

``session`` is one connection; the other files hold the handlers, one file per group of commands. ``imap_server`` is the
door.
"""

from mailstead.server.imap.session import Access, imap_server

__all__ = ["Access", "imap_server"]
