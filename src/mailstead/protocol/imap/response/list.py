"""LIST, LSUB and STATUS responses (RFC 9051 §7.3.1, §7.3.4)."""

from collections.abc import Iterable

from mailstead.protocol.imap.response.line import mailbox, quoted


def listed(
    attributes: Iterable[str], separator: str, name: str, *, utf8: bool, lsub: bool = False, child_info: bool = False,
    old_name: str = "",
) -> bytes:
    """One line. ``child_info``: selected for its subscribed children (RFC 5258 §3.5). ``old_name``: where it was
    before a rename, or as the client spelled it (RFC 9051 §6.3.9.7)."""
    word = b"LSUB" if lsub else b"LIST"
    line = b"* %b (%b) %b %b" % (
        word,
        " ".join(attributes).encode("ascii"),
        quoted(separator.encode("ascii")),
        mailbox(name, utf8=utf8),
    )
    if child_info:
        line += b' (CHILDINFO ("SUBSCRIBED"))'
    if old_name:
        line += b" (OLDNAME (%b))" % mailbox(old_name, utf8=utf8)
    return line + b"\r\n"


def status(name: str, items: Iterable[tuple[str, str]], *, utf8: bool) -> bytes:
    """``* STATUS name (ITEM value …)``."""
    inner = " ".join(f"{item} {value}" for item, value in items)
    return b"* STATUS %b (%b)\r\n" % (mailbox(name, utf8=utf8), inner.encode("ascii"))
