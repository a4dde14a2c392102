"""The values of the parameters about notices, undone of their encoding, as an author may give them (RFC 3461 §4).

Each raises ``Violation`` for what no server would take: whoever passes it on would be refused.
"""

import re
from typing import Final

from mailstead.model.errors import Violation
from mailstead.protocol.smtp import xtext

_NOTIFY: Final = frozenset({"NEVER", "SUCCESS", "FAILURE", "DELAY"})
_TYPE: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
_ENVID_MOST: Final = 100
_ORCPT_MOST: Final = 500


def ret(value: str) -> str:
    """``FULL`` or ``HDRS`` (RFC 3461 §4.3)."""
    if value.upper() not in {"FULL", "HDRS"}:
        raise Violation("RET is FULL or HDRS")
    return value.upper()


def envid(value: str) -> str:
    """RFC 3461 §4.4: printable ASCII, 1 to 100 characters as xtext."""
    if not 0 < len(xtext.encode(value)) <= _ENVID_MOST:
        raise Violation("ENVID has 1 to 100 characters")
    if not value.isascii() or not value.isprintable():
        raise Violation("ENVID is of printable ASCII")
    return value


def notify(value: str) -> frozenset[str]:
    """RFC 3461 §4.1."""
    found = frozenset(value.upper().split(","))
    if not found <= _NOTIFY or ("NEVER" in found and len(found) > 1):
        raise Violation("NOTIFY is NEVER, or of SUCCESS, FAILURE and DELAY")
    return found


def orcpt(value: str) -> str:
    """``type;address`` (RFC 3461 §4.2)."""
    kind, mark, address = value.partition(";")
    if not mark or not _TYPE.fullmatch(kind) or len(kind) + 1 + len(xtext.encode_address(kind, address, is_ascii=True)) > _ORCPT_MOST:
        raise Violation("ORCPT is type;address")
    if xtext.CONTROL.search(address):
        raise Violation("ORCPT holds control characters")
    return value
