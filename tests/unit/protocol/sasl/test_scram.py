"""SCRAM against the RFC's own example and against a client of its own."""

import base64

import pytest
from tests.harness.scram import client_final

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.model.question import Challenge, FetchVerifiers, Principal, ScramFailed, ScramProven, ScramVerifier
from mailstead.protocol import sasl
from mailstead.protocol.sasl.scram import verifier

WHO = Principal(1, 1, "user", "user@example.test")  # type: ignore[arg-type]
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")


def run(mechanism: str, first: bytes, final: bytes, *, binding: dict[str, bytes] | None = None, password: str = "pencil",
        nonce: str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0") -> list[bytes]:
    """Play an exchange; the challenges that were sent."""
    exchange = sasl.begin(mechanism, first, nonce, binding or {})
    sent = []
    question = next(exchange)
    try:
        while True:
            match question:
                case Challenge(octets):
                    sent.append(octets)
                    question = exchange.send(final)
                case FetchVerifiers(login):
                    assert login == "user"
                    question = exchange.send(verifier(password, SALT, 4096))
                case ScramProven():
                    question = exchange.send(WHO)
                case ScramFailed():
                    raise PermissionError
    except StopIteration as end:
        assert end.value is WHO  # noqa: PT017 - the end is the result
    return sent


def test_example_of_the_rfc() -> None:
    """RFC 7677 §3."""
    sent = run(
        "SCRAM-SHA-256", b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    )
    assert sent[0] == b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    assert sent[1] == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def bound(binding: dict[str, bytes], claimed: bytes) -> list[bytes]:
    header = b"p=tls-server-end-point,,"
    bare = b"n=user,r=abc"
    server_first = b"r=abcXYZ,s=" + base64.b64encode(SALT) + b",i=4096"
    return run("SCRAM-SHA-256-PLUS", header + bare, client_final(bare, server_first, header + claimed), binding=binding, nonce="XYZ")


def test_channel_binding() -> None:
    """RFC 5802 §6: the same channel on both sides, or nothing."""
    assert bound({"tls-server-end-point": b"hash"}, b"hash")[1].startswith(b"v=")
    with pytest.raises(PermissionError):
        bound({"tls-server-end-point": b"hash"}, b"another")
    with pytest.raises(Violation):
        bound({}, b"hash")


def test_a_hidden_binding_is_noticed() -> None:
    with pytest.raises(Violation, match="removed"):
        run("SCRAM-SHA-256", b"y,,n=user,r=abc", b"", binding={"tls-server-end-point": b"hash"})


@pytest.mark.parametrize("first", [
    b"", b"n,,", b"n,,r=abc", b"n,,n=user", b"n,,m=x,n=user,r=abc", b"p=x,,n=user,r=abc", b"n,b=x,n=user,r=abc",
    b"n,,n=us=er,r=abc", b"n,,n=user,r=" + b"a" * 200, b"n,,n=\xff,r=abc", b"n,,n=user,r=a b", b"q,,n=user,r=abc",
])
def test_malformed_first_messages(first: bytes) -> None:
    with pytest.raises(Violation):
        run("SCRAM-SHA-256", first, b"")


@pytest.mark.parametrize("final", [b"", b"c=biws", b"c=biws,r=abcXYZ,p=!", b"c=biws,r=other,p=AAAA", b"c=biws,r=abcXYZ,p=AAAA"])
def test_wrong_final_messages(final: bytes) -> None:
    with pytest.raises((Violation, PermissionError)):
        run("SCRAM-SHA-256", b"n,,n=user,r=abc", final, nonce="XYZ")


def test_names_with_commas() -> None:
    exchange = sasl.begin("SCRAM-SHA-256", b"n,,n=a=2Cb=3Dc,r=abc", "XYZ", {})
    assert next(exchange) == FetchVerifiers("a,b=c")


def test_verifier_does_not_hold_the_password() -> None:
    made = verifier("pencil", SALT, 4096)
    assert isinstance(made, ScramVerifier)
    assert b"pencil" not in made.stored_key + made.server_key


def test_a_nonce_is_taken_up_to_its_bound() -> None:
    for length, is_good in ((limits.SCRAM_NONCE, True), (limits.SCRAM_NONCE + 1, False)):
        exchange = sasl.begin("SCRAM-SHA-256", b"n,,n=user,r=" + b"a" * length, "ours", {})
        if is_good:
            assert FetchVerifiers("user") == next(exchange)
        else:
            with pytest.raises(Violation):
                next(exchange)
