"""Where everything stands that somebody hears of, as a short text: the event id of an EventSource, from which one who comes back goes on (RFC 8620 §7.3).

For each account its number and a digest of every type with its state, in base64url. Nobody needs to understand it who did not make it: what is not in
it has moved.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from mailstead.model import limits
from mailstead.model.ids import AccountId
from mailstead.service.push.watching import AccountStates

_NUMBER: Final = 8
_DIGEST: Final = 5
_TYPES: Final = 255
Stood = Mapping[AccountId, frozenset[bytes]]


def _digest(name: str, state: str) -> bytes:
    return blake2b(f"{name} {state}".encode(), digest_size=_DIGEST).digest()


def made(states: AccountStates) -> str:
    """Of ``limits.EVENT_ID_ACCOUNTS`` accounts at most: the others are told anew to who comes back."""
    octets = bytearray()
    for account, types in list(states.items())[: limits.EVENT_ID_ACCOUNTS]:
        digests = [_digest(*one) for one in list(types.items())[:_TYPES]]
        octets += account.to_bytes(_NUMBER) + bytes([len(digests)]) + b"".join(digests)
    return urlsafe_b64encode(octets).decode().rstrip("=")


def read(text: str) -> Stood:
    """What a mark says; of something that is none nothing is known."""
    if len(text) > limits.HTTP_HEADER:
        return {}
    try:
        octets = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return {}
    found: dict[AccountId, frozenset[bytes]] = {}
    at = 0
    while at + _NUMBER < len(octets):
        start = at + _NUMBER + 1
        end = start + octets[at + _NUMBER] * _DIGEST
        if end > len(octets):
            return {}
        found[AccountId(int.from_bytes(octets[at : at + _NUMBER]))] = frozenset(octets[here : here + _DIGEST] for here in range(start, end, _DIGEST))
        at = end
    return found


def moved(states: AccountStates, stood: Stood) -> AccountStates:
    """What is not where it stood."""
    found = {
        account: {name: state for name, state in types.items() if _digest(name, state) not in stood.get(account, ())} for account, types in states.items()}
    return {account: types for account, types in found.items() if types}
