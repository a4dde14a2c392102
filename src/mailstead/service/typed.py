"""Addresses and domain names as administrators type them, and what is wrong with them."""

from typing import Final

from mailstead.model import limits
from mailstead.model.address import domain_key
from mailstead.model.errors import Reason, Refusal

LOCAL: Final = 64
"""Octets of a local part (RFC 5321 §4.5.3.1.1)."""


def parts(address: str) -> tuple[str, str]:
    """(local part, domain) of an address here or elsewhere."""
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or len(local.encode()) > limits.LOGIN or any(ord(c) <= 0x20 or ord(c) == 0x7F for c in address):
        raise Refusal(Reason.INVALID, f"“{address}” is not an address; write it like alice@example.org")
    return local, domain


def plain_address(address: str) -> tuple[str, str]:
    """As ``parts``, for an address of ours: nothing that needs quotes (RFC 5321 §4.1.2), and no detail."""
    local, domain = parts(address)
    is_plain = all(character.isalnum() or character in "!#$%&'*/=?^_`{|}~.-" or ord(character) > 0x7F for character in local)
    if not is_plain or local.startswith(".") or local.endswith(".") or ".." in local or len(local.encode()) > LOCAL:
        raise Refusal(Reason.INVALID, f"“{local}” cannot be the first part of an address here; use letters, digits, dots and dashes")
    return local, domain


def domain_name(name: str) -> str:
    """The key of a domain that people have typed."""
    found = domain_key(name)
    labels = found.split(".")
    is_name = found.isascii() and len(found) <= 253 and all(
        0 < len(label) <= 63 and label.replace("-", "").replace("_", "").isalnum() and label[0] != "-" and label[-1] != "-"
        for label in labels
    )  # fmt: skip
    if not is_name:
        raise Refusal(Reason.INVALID, f"“{name}” is not a domain name; write it like example.org")
    return found
