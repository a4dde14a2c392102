"""SASL exchanges: any octets end in a principal, a question or a violation; right proofs are right."""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.harness.scram import client_final

from mailstead.model.errors import Refusal, Violation
from mailstead.model.ids import AccountId, TenantId
from mailstead.model.question import Challenge, CheckPassword, FetchVerifiers, Principal, ScramFailed, ScramProven
from mailstead.protocol import sasl
from mailstead.protocol.sasl import scram, words

WHO = Principal(AccountId(1), TenantId(1), "alice", "alice@example.org")
BINDING = {"tls-server-end-point": b"x" * 32}
SECRET = scram.verifier("secret", b"salt" * 4, 4096)
PIECES = st.sampled_from(
    [b"n,,", b"y,,", b"p=tls-server-end-point,,", b"n=", b"r=", b"a=", b"c=biws", b",", b"p=", b"=2C", b"=3D", b"m=x", b"\0",
     b"alice", b"AAAA", b"=", b"\xff", b"nonce", "\u00e9".encode(), b"\xcc\x81"]
)  # fmt: skip
MESSAGES = st.lists(PIECES | st.binary(max_size=5), max_size=10).map(b"".join)


@settings(max_examples=500)
@given(st.sampled_from(sorted(sasl.MECHANISMS)), st.none() | MESSAGES, st.lists(MESSAGES, max_size=4), st.booleans())
def test_any_octets(mechanism: str, initial: bytes | None, answers: list[bytes], is_bound: bool) -> None:
    exchange = sasl.begin(mechanism, initial, "server", BINDING if is_bound else {})
    coming = iter(answers)
    try:
        question = next(exchange)
        while True:
            match question:
                case Challenge():
                    octets = next(coming, None)
                    if octets is None:
                        return
                    question = exchange.send(octets)
                case CheckPassword(_, login, password):
                    assert login
                    assert password
                    assert "\0" not in login + password
                    question = exchange.send(WHO)
                case FetchVerifiers(login):
                    assert login
                    question = exchange.send(SECRET)
                case ScramProven():
                    raise AssertionError("nobody proved anything")
                case ScramFailed():
                    return
    except (Violation, Refusal):
        return
    except StopIteration as end:
        if end.value != WHO:
            raise
    finally:
        exchange.close()


@settings(max_examples=30, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
    st.sampled_from([b"n,,", b"y,,", b"p=tls-server-end-point,,"]),
    st.booleans(),
)
def test_scram_proves_the_password_and_only_it(login: str, password: str, header: bytes, is_right: bool) -> None:
    known = scram.verifier(password if is_right else password + "x", b"0123456789abcdef", 256)
    is_bound = header.startswith(b"p")
    binding = BINDING if is_bound else {}
    bare = b"n=" + login.encode().replace(b"=", b"=3D").replace(b",", b"=2C") + b",r=client"
    exchange = sasl.begin("SCRAM-SHA-256-PLUS" if is_bound else "SCRAM-SHA-256", header + bare, "server", binding)
    assert isinstance(next(exchange), FetchVerifiers)
    challenge = exchange.send(known)
    assert isinstance(challenge, Challenge)
    bound = header + (BINDING["tls-server-end-point"] if is_bound else b"")
    outcome = exchange.send(client_final(bare, challenge.octets, bound, words.prepared(password)))
    if not is_right:
        assert isinstance(outcome, FetchVerifiers)
        outcome = exchange.send(known)
    assert isinstance(outcome, ScramProven if is_right else ScramFailed)
    if is_right:
        last = exchange.send(WHO)
        assert isinstance(last, Challenge)
        assert 32 == len(base64.b64decode(last.octets.removeprefix(b"v=")))
    exchange.close()
