"""Logging in to a next server: which way is taken, what is sent, and what a refusal becomes."""

import base64
import re

import pytest
from tests.unit.protocol.smtp.test_client import play

from mailstead.protocol.smtp.client import Offers, Rejected
from mailstead.protocol.smtp.login import Credentials, login

NONCE = "rOprNGfwEbeRWgbNEkqO"
CHALLENGE = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
SIGNATURE = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
WHO = Credentials("user", "pencil", nonce=NONCE)
TOKEN = Credentials("user", "t0ken", is_token=True)
DONE = b"235 2.7.0 welcome"


def offers(mechanisms: str) -> Offers:
    return Offers({"AUTH": mechanisms})


def asks(octets: bytes) -> bytes:
    return b"334 " + base64.b64encode(octets)


def test_scram_with_the_signature_in_a_challenge_and_in_the_success() -> None:
    sent, _ = play(login(offers("PLAIN SCRAM-SHA-256"), WHO), [asks(CHALLENGE)], [asks(SIGNATURE)], [DONE])
    assert sent[0] == b"AUTH SCRAM-SHA-256 " + base64.b64encode(b"n,,n=user,r=" + NONCE.encode()) + b"\r\n"
    assert sent[2] == b"\r\n"
    assert b"pencil" not in b"".join(base64.b64decode(line.split()[-1]) for line in sent[:2])
    play(login(offers("SCRAM-SHA-256"), WHO), [asks(CHALLENGE)], [b"235 2.7.0 " + base64.b64encode(SIGNATURE)])


def test_plain_and_login_where_nothing_better_is_offered() -> None:
    sent, _ = play(login(offers("LOGIN PLAIN"), WHO), [DONE])
    assert sent == [b"AUTH PLAIN " + base64.b64encode(b"\0user\0pencil") + b"\r\n"]
    sent, _ = play(login(offers("LOGIN"), WHO), [asks(b"Username:")], [asks(b"Password:")], [DONE])
    assert sent == [b"AUTH LOGIN\r\n", base64.b64encode(b"user") + b"\r\n", base64.b64encode(b"pencil") + b"\r\n"]


def test_a_token() -> None:
    sent, _ = play(login(offers("PLAIN XOAUTH2"), TOKEN), [DONE])
    assert sent == [b"AUTH XOAUTH2 " + base64.b64encode(b"user=user\x01auth=Bearer t0ken\x01\x01") + b"\r\n"]
    with pytest.raises(Rejected, match=r"535 5\.7\.8 no"):
        play(login(offers("XOAUTH2"), TOKEN), [asks(b'{"status":"401"}')], [b"535 5.7.8 no"])


@pytest.mark.parametrize(
    ("mechanisms", "who", "answers", "why"),
    [
        ("GSSAPI", WHO, [], "no way to log in"), ("PLAIN LOGIN", TOKEN, [], "no way to log in"), ("", WHO, [], "no way to log in"),
        ("PLAIN", WHO, [b"535 5.7.8 no"], "refused our login: 535"), ("PLAIN", WHO, [b"334 more"], "refused our login: 334"),
        ("LOGIN", WHO, [b"535 no"], "refused our login: 535"), ("LOGIN", WHO, [b"334 ", b"235 already"], "refused our login: 235"),
        ("SCRAM-SHA-256", WHO, [b"535 no"], "refused our login: 535"),
        ("SCRAM-SHA-256", WHO, [b"334 ***"], "does not prove"), ("SCRAM-SHA-256", WHO, [asks(b"r=evil,s=,i=1")], "does not prove"),
        ("SCRAM-SHA-256", WHO, [asks(CHALLENGE), asks(b"v=bm8=")], "does not prove"),
        ("SCRAM-SHA-256", WHO, [asks(CHALLENGE), DONE], "does not prove"),
        ("SCRAM-SHA-256", WHO, [asks(CHALLENGE), b"535 5.7.8 no"], "refused our login: 535"),
    ],
)
def test_what_fails_is_temporary(mechanisms: str, who: Credentials, answers: list[bytes], why: str) -> None:
    with pytest.raises(Rejected, match=re.escape(why)) as caught:
        play(login(offers(mechanisms), who), *([answer] for answer in answers))
    reply = caught.value.reply
    assert not reply.is_permanent
    assert reply.status.subject == 7
    assert "pencil" not in reply.text
