"""What can go wrong, by whose fault.

``Violation`` the peer broke the protocol; answered inside the machine.
``Refusal``   nobody's fault: policy or facts say no; raised by service and store, turned into codes by one table per driver.
``Unavailable`` the world failed for now; in doubt a failure is of this kind.
Anything else is a defect of ours, caught once at the driver's edge. See STYLE §3.3.
"""

import enum


class Reason(enum.Enum):
    """The closed list of refusals. A new reason is a type error in every protocol until it has an answer."""

    NOT_FOUND = "not_found"
    NO_SUCH_RECIPIENT = "no_such_recipient"
    RELAY_DENIED = "relay_denied"
    SUPPRESSED = "suppressed"
    NOT_PERMITTED = "not_permitted"
    OVER_QUOTA = "over_quota"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    ALREADY_EXISTS = "already_exists"
    HAS_CHILDREN = "has_children"
    INVALID = "invalid"
    AUTHENTICATION_FAILED = "authentication_failed"
    AUTHENTICATION_TOO_WEAK = "authentication_too_weak"
    AUTHORIZATION_FAILED = "authorization_failed"
    ACCOUNT_SUSPENDED = "account_suspended"
    SENDER_NOT_OWNED = "sender_not_owned"
    MAIL_LOOP = "mail_loop"
    BAD_CONTENT = "bad_content"
    EXPUNGED = "expunged"
    IN_USE = "in_use"
    LIMIT = "limit"
    UNSUPPORTED = "unsupported"


class Refusal(Exception):  # noqa: N818 - the field's word (STYLE §3.3)
    """Policy says no.

    ``public`` is one sentence for the peer, free of names, paths and policy; ``cause`` is for the log.
    """

    def __init__(self, reason: Reason, public: str, cause: str = "") -> None:
        super().__init__(public)
        self.reason = reason
        self.public = public
        self.cause = cause


class Unavailable(Exception):  # noqa: N818 - the field's word (STYLE §3.3)
    """The world failed for now: disk full, owner gone, damaged shard. ``public`` and ``cause`` as in ``Refusal``."""

    def __init__(self, public: str, cause: str = "") -> None:
        super().__init__(public)
        self.public = public
        self.cause = cause


class DiskReserve(Unavailable):
    """Deliveries are stopped because the disk is nearly full (DECISIONS 17); SMTP answers 452 4.3.1."""


class Violation(Exception):  # noqa: N818 - the field's word (STYLE §3.3)
    """The peer broke a protocol's rules. Answered in the machine; ``fatal`` ends the session."""

    def __init__(self, text: str, *, fatal: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.fatal = fatal
