"""What went wrong, in IMAP's words: the one table from reasons to response codes (RFC 9051 §7.1, RFC 5530)."""

from typing import Final

from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.protocol.imap.response import line

CODES: Final[dict[Reason, str]] = {
    Reason.NOT_FOUND: "NONEXISTENT",
    Reason.NO_SUCH_RECIPIENT: "NONEXISTENT",
    Reason.RELAY_DENIED: "NOPERM",
    Reason.SUPPRESSED: "NOPERM",
    Reason.NOT_PERMITTED: "NOPERM",
    Reason.OVER_QUOTA: "OVERQUOTA",
    Reason.TOO_LARGE: "TOOBIG",
    Reason.TOO_MANY: "LIMIT",
    Reason.ALREADY_EXISTS: "ALREADYEXISTS",
    Reason.HAS_CHILDREN: "HASCHILDREN",
    Reason.INVALID: "CANNOT",
    Reason.AUTHENTICATION_FAILED: "AUTHENTICATIONFAILED",
    Reason.AUTHENTICATION_TOO_WEAK: "PRIVACYREQUIRED",
    Reason.AUTHORIZATION_FAILED: "AUTHORIZATIONFAILED",
    Reason.ACCOUNT_SUSPENDED: "CONTACTADMIN",
    Reason.SENDER_NOT_OWNED: "NOPERM",
    Reason.MAIL_LOOP: "CANNOT",
    Reason.BAD_CONTENT: "CANNOT",
    Reason.EXPUNGED: "EXPUNGEISSUED",
    Reason.IN_USE: "INUSE",
    Reason.LIMIT: "LIMIT",
    Reason.UNSUPPORTED: "CANNOT",
}


def refused(tag: str, refusal: Refusal, *, code: str = "") -> bytes:
    """``tag NO [code] text``; ``code`` where the command has one of its own for this."""
    return line.no(tag, refusal.public, code or CODES[refusal.reason])


def unavailable(tag: str, failure: Unavailable) -> bytes:
    """``tag NO [UNAVAILABLE] text``."""
    return line.no(tag, failure.public, "UNAVAILABLE")
