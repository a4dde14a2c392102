"""Tags by which a notice proves that it speaks of a message of ours.

A notice is a stranger's word, and what it tells (Message-ID, recipient) all who have seen the message know. So each transaction carries a tag that
only the servers on the way see: in the envelope id (RFC 3461 §4.4), which a notice has to bring back, or, where that was asked for, in the
reverse-path. It names submission and account and is keyed by the recipients' domain; whoever has none cannot make up a bounce, and whoever got
one for a domain cannot use it for addresses of another. It is good for ``LASTS_DAYS``.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

from mailstead.model.address import Address, domain_key
from mailstead.model.ids import AccountId, SubmissionId

LASTS_DAYS: Final = 21
PREFIX: Final = "r-"
"""Begins the detail of a tagged reverse-path."""
_LOCAL: Final = 100
"""Octets of a local part that servers take in practice; RFC 5321 §4.5.3.1.1 promises 64."""
_HEAD: Final = 18
_MAC: Final = 10
_DAY_S: Final = 86_400
_DAYS: Final = 1 << 16
_FORM: Final = re.compile(r"[0-9a-fA-F]{56}")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that was read, not yet proved for any domain."""

    submission_id: SubmissionId
    account_id: AccountId
    day: int
    mac: bytes


class Tags:
    """``secret``: of this site."""

    def __init__(self, secret: bytes) -> None:
        self._secret = hashlib.sha256(secret).digest()

    def make(self, submission: SubmissionId, account: AccountId, domain: str, now_s: int) -> str:
        """56 hexadecimal digits; ``domain`` that of the recipients, as A-label."""
        head = submission.to_bytes(8, "big") + account.to_bytes(8, "big") + (now_s // _DAY_S % _DAYS).to_bytes(2, "big")
        return (head + self._mac(head, domain)).hex()

    def read(self, text: str, now_s: int) -> Tag | None:
        """None: it is none, or too old."""
        if not _FORM.fullmatch(text):
            return None
        octets = bytes.fromhex(text)
        day = int.from_bytes(octets[16:18], "big")
        if (now_s // _DAY_S - day) % _DAYS > LASTS_DAYS:
            return None
        return Tag(SubmissionId(int.from_bytes(octets[:8], "big")), AccountId(int.from_bytes(octets[8:16], "big")), day, octets[_HEAD:])

    def proves(self, tag: Tag, domain: str) -> bool:
        """Whether it was made for recipients of this domain."""
        head = tag.submission_id.to_bytes(8, "big") + tag.account_id.to_bytes(8, "big") + tag.day.to_bytes(2, "big")
        return hmac.compare_digest(self._mac(head, domain_key(domain)), tag.mac)

    def _mac(self, head: bytes, domain: str) -> bytes:
        return hashlib.blake2b(head + domain.encode(), digest_size=_MAC, key=self._secret).digest()


def tagged(reverse_path: Address, tag: str) -> Address:
    """The reverse-path with the tag as its detail; where that would be too long, as it was."""
    local = f"{reverse_path.local.partition('+')[0]}+{PREFIX}{tag}"
    return Address(local, reverse_path.domain) if len(local.encode()) <= _LOCAL else reverse_path


def of_detail(local: str) -> str:
    """The tag in a local part; "" where there is none."""
    _, _, detail = local.partition("+")
    return detail[len(PREFIX) :] if detail.lower().startswith(PREFIX) else ""
