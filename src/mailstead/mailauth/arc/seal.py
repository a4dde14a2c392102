"""Adding a set to a chain (RFC 8617 §5.1)."""

from typing import Final

from mailstead.mailauth.arc.chain import Chain
from mailstead.mailauth.dkim import canonical
from mailstead.mailauth.dkim.key import SigningKey
from mailstead.mailauth.dkim.sign import AS_THEY_ARE, ONCE_MORE, body_hash, covering, listed, signed_field
from mailstead.mime import header
from mailstead.model import limits
from mailstead.model.message import Octets

_SIGNED: Final = (*ONCE_MORE, *AS_THEY_ARE, b"dkim-signature")
"""§4.1.2: signatures that are there belong to it, Authentication-Results and the fields of chains must not."""


def may_add(chain: Chain) -> bool:
    """Whether the chain takes another set: not once its newest seal says that it failed, nor beyond 50 (§4.2.1)."""
    return not chain.is_over and chain.instance < limits.ARC_SETS


def seal(octets: Octets, header_octets: int, key: SigningKey, chain: Chain, results: str, *, now_s: int) -> bytes:
    """Three header lines to put in front of a message that is otherwise as it will leave; b"" where the chain takes none.

    ``results``: what we found when it came, our name first (``results.payload``), ASCII. ``chain``: what ``validate`` says of the message.
    """
    if not may_add(chain):
        return b""
    number = chain.instance + 1
    found = f"ARC-Authentication-Results: i={number}; {results}\r\n".encode("ascii")
    names, covered = covering(list(header.whole_fields(octets[:header_octets])), _SIGNED)
    whose = f"a={key.algorithm};%s d={key.domain};\r\n\ts={key.selector}; t={now_s};"
    message = signed_field(
        f"ARC-Message-Signature: i={number}; {whose % ' c=relaxed/relaxed;'}\r\n\th={listed(names)};\r\n\tbh={body_hash(octets, header_octets)};", key, covered,
    )
    sets = b"".join(canonical.field(one, relaxed=True) for one in (*(chain.fields if chain.status == "pass" else ()), found, message))
    return signed_field(f"ARC-Seal: i={number}; cv={chain.status}; {whose % ''}", key, sets) + message + found
