"""The message store's verbs: what a client of mailboxes may do, whatever its protocol.

``view`` is a session's picture of one mailbox; ``news`` brings it up to date; ``names`` and ``listing`` deal with the
mailbox tree; ``fetch``, ``search``, ``store``, ``copy``, ``append`` and ``expunge`` are the verbs on messages.
"""

from mailstead.store.interface import Mail, News, Spool

__all__ = ["Mail", "News", "Spool"]
