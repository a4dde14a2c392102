"""SCRAM-SHA-256 from the client's side, by the example of RFC 7677 §3."""

import pytest

from mailstead.protocol.sasl.client import Client

NONCE = "rOprNGfwEbeRWgbNEkqO"
CHALLENGE = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"


def begun(user: str = "user") -> Client:
    return Client(user, "pencil", NONCE)


def test_the_example_of_the_rfc() -> None:
    exchange = begun()
    assert exchange.first() == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert exchange.final(CHALLENGE) == (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    exchange.check(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def test_a_name_with_signs_of_the_syntax() -> None:
    assert begun("a=b,c").first() == b"n,,n=a=3Db=2Cc,r=rOprNGfwEbeRWgbNEkqO"


@pytest.mark.parametrize(
    "challenge",
    [
        b"", b"nonsense", "r=é".encode(), CHALLENGE.replace(b"r=rO", b"r=xx"), b"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        CHALLENGE.replace(b"i=4096", b"i=0"), CHALLENGE.replace(b"i=4096", b"i=-5"), CHALLENGE.replace(b"i=4096", b"i=200001"),
        CHALLENGE.replace(b"i=4096", b"i=" + b"9" * 5_000), CHALLENGE.replace(b"s=W22", b"s=*22"),
    ],
)
def test_a_challenge_that_is_none(challenge: bytes) -> None:
    with pytest.raises(ValueError, match="challenge"):
        begun().final(challenge)


def test_a_server_that_does_not_know_the_password() -> None:
    exchange = begun()
    with pytest.raises(ValueError, match="signature"):
        exchange.check(b"v=")
    exchange.final(CHALLENGE)
    with pytest.raises(ValueError, match="signature"):
        exchange.check(b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
