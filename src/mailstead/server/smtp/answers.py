"""Refusals and failures as replies: the one table of SMTP (STYLE §3.3)."""

from collections.abc import Sequence
from typing import Final

from mailstead.model.errors import DiskReserve, Reason, Refusal, Unavailable
from mailstead.protocol.smtp.reply import reply
from mailstead.service.reception import Outcome

REPLIES: Final[dict[Reason, tuple[int, str]]] = {
    Reason.NOT_FOUND: (550, "5.1.1"),
    Reason.NO_SUCH_RECIPIENT: (550, "5.1.1"),
    Reason.RELAY_DENIED: (550, "5.7.1"),
    Reason.SUPPRESSED: (550, "5.1.1"),
    Reason.NOT_PERMITTED: (550, "5.7.1"),
    Reason.OVER_QUOTA: (452, "4.2.2"),
    Reason.TOO_LARGE: (552, "5.3.4"),
    Reason.TOO_MANY: (452, "4.5.3"),
    Reason.ALREADY_EXISTS: (550, "5.3.0"),
    Reason.HAS_CHILDREN: (550, "5.3.0"),
    Reason.INVALID: (550, "5.6.0"),
    Reason.AUTHENTICATION_FAILED: (535, "5.7.8"),
    Reason.AUTHENTICATION_TOO_WEAK: (538, "5.7.11"),
    Reason.AUTHORIZATION_FAILED: (535, "5.7.8"),
    Reason.ACCOUNT_SUSPENDED: (550, "5.2.1"),
    Reason.SENDER_NOT_OWNED: (550, "5.7.1"),
    Reason.MAIL_LOOP: (554, "5.4.6"),
    Reason.BAD_CONTENT: (550, "5.6.0"),
    Reason.EXPUNGED: (550, "5.3.0"),
    Reason.IN_USE: (450, "4.2.0"),
    Reason.LIMIT: (452, "4.3.1"),
    Reason.UNSUPPORTED: (504, "5.5.4"),
}
"""One table from refusals to codes (RFC 5321 §4.2, RFC 3463, RFC 4954 §6)."""


def answer(exc: Refusal | Unavailable) -> bytes:
    """A refusal or failure as a reply."""
    if isinstance(exc, Refusal):
        return reply(*REPLIES[exc.reason], exc.public)
    if isinstance(exc, DiskReserve):
        return reply(452, "4.3.1", exc.public)
    return reply(451, "4.3.0", exc.public)


def verdict(outcomes: Sequence[Outcome]) -> bytes:
    """One answer for all recipients: temporary if any failed so that a retry helps (the rest is filed once, DECISIONS 4);
    permanent only when nothing was filed."""
    failed = [outcome for outcome in outcomes if outcome is not None]
    if not failed:
        return reply(250, "2.0.0", "Accepted")
    for outcome in failed:
        if isinstance(outcome, Unavailable):
            return answer(outcome)
    if len(failed) == len(outcomes):
        return answer(failed[0])
    code, status = REPLIES[failed[0].reason] if isinstance(failed[0], Refusal) else (451, "4.3.0")
    if code < 500:  # noqa: PLR2004 - temporary
        return reply(code, status, failed[0].public)
    return reply(451, "4" + status[1:], f"Not for all recipients: {failed[0].public}")
