"""Fuzz target: any octets through every SASL mechanism.

``python -m tests.fuzz.sasl [seconds] [seed]`` mutates known messages by itself; ``one(octets)`` is the entry for a
coverage-guided fuzzer. What must hold: nothing but ``Violation`` leaves a mechanism, and nobody is let in without a question.
"""

import random

from tests.harness import fuzz

from mailstead.model.errors import Violation
from mailstead.model.ids import AccountId, TenantId
from mailstead.model.question import Challenge, CheckPassword, FetchVerifiers, Principal, ScramFailed, ScramProven
from mailstead.protocol import sasl
from mailstead.protocol.sasl import scram

_WHO = Principal(AccountId(1), TenantId(1), "a", "a@example.org")
_VERIFIER = scram.verifier("secret", b"salt" * 4, 16)
_BINDING = {"tls-server-end-point": b"x" * 32}
_NAMES = tuple(sasl.MECHANISMS)
_CORPUS = (
    b"\0alice\0secret", b"alice\0alice\0secret", b"alice", b"secret", b"n,,n=alice,r=abc", b"y,,n=alice,r=abc",
    b"p=tls-server-end-point,,n=alice,r=abc", b"n,a=bob,n=a=2Cb=3D,r=abc", b"c=biws,r=abcnonce,p=AAAA", b"c=biws,r=abcnonce,x=1,p=AAAA",
)  # fmt: skip
_SPICE = (b",", b"=", b"\0", b"\xff", b"p=", b"m=", b"a" * 2000)



def one(octets: bytes) -> None:
    """One run. The first octet chooses mechanism and channel, the rest are the client's messages, one a line."""
    if not octets:
        return
    mechanism = _NAMES[octets[0] % len(_NAMES)]
    messages = iter(octets[1:].split(b"\n"))
    exchange = sasl.begin(mechanism, None if octets[0] & 16 else next(messages), "nonce", _BINDING if octets[0] & 8 else {})
    asked = False
    try:
        question = next(exchange)
        while True:
            match question:
                case Challenge():
                    answer = next(messages, None)
                    if answer is None:
                        return
                    question = exchange.send(answer)
                case CheckPassword():
                    asked = True
                    question = exchange.send(_WHO)
                case FetchVerifiers():
                    question = exchange.send(_VERIFIER)
                case ScramProven() | ScramFailed():
                    assert isinstance(question, ScramFailed), "proven without the password"
                    return
    except Violation:
        return
    except StopIteration:
        assert asked
    finally:
        exchange.close()


def mutated(chance: random.Random) -> bytes:
    """Some messages with a few changes."""
    octets = b"\n".join(chance.choices(_CORPUS, k=chance.randint(1, 3)))
    return chance.randbytes(1) + fuzz.bent(chance, octets, _SPICE, cut=4)


if __name__ == "__main__":
    fuzz.run(one, mutated)
