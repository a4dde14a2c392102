"""DomainKeys Identified Mail: what a domain signs of a message, and what that proves (RFC 6376).

``sign`` puts header lines in front of a message; ``verify`` reads them. Both work on the octets of the message as they are
stored, through the same two canonical forms (``canonical``).
"""

from mailstead.mailauth.dkim.key import KeyRecord, PrivateKey, SigningKey
from mailstead.mailauth.dkim.sign import sign
from mailstead.mailauth.dkim.verify import Signature, Verdict, verify

__all__ = ["KeyRecord", "PrivateKey", "Signature", "SigningKey", "Verdict", "sign", "verify"]
