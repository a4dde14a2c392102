"""SCRAM-SHA-256 and -PLUS over real TLS, in each protocol that logs people in (RFC 5802, RFC 7677, RFC 5929)."""

import base64
import hashlib
import imaplib
import poplib
import smtplib
import ssl

import pytest
from tests.harness.scram import ScramClient
from tests.harness.server import PASSWORD, Server
from tests.interop.conftest import Far, trusting

pytestmark = pytest.mark.interop
WHO = "user5@example.test"


def client(connection: ssl.SSLSocket, kind: str, password: str = PASSWORD) -> ScramClient:
    match kind:
        case "tls-server-end-point":
            binding = hashlib.sha256(connection.getpeercert(binary_form=True) or b"").digest()
        case "tls-unique":
            binding = connection.get_channel_binding("tls-unique") or b""
        case _:
            binding = b""
    return ScramClient(WHO, password, kind=kind, binding=binding)


def context(kind: str) -> ssl.SSLContext:
    made = trusting()
    if kind == "tls-unique":
        made.maximum_version = ssl.TLSVersion.TLSv1_2
    return made


def mechanism(kind: str) -> str:
    return "SCRAM-SHA-256-PLUS" if kind else "SCRAM-SHA-256"


@pytest.mark.parametrize("kind", ["", "tls-server-end-point", "tls-unique"])
def test_imap(far: Far, kind: str) -> None:
    with imaplib.IMAP4_SSL("127.0.0.1", far(WHO)["imaps"], ssl_context=context(kind), timeout=30) as imap:
        mine = client(imap.sock, kind)  # type: ignore[arg-type]
        assert imap.authenticate(mechanism(kind), mine.answer)[0] == "OK"
        assert mine.has_proof
        assert imap.select()[0] == "OK"


@pytest.mark.parametrize("kind", ["", "tls-server-end-point"])
def test_submission(far: Far, kind: str) -> None:
    with smtplib.SMTP_SSL("127.0.0.1", far(WHO)["submissions"], timeout=30, context=context(kind)) as smtp:
        smtp.ehlo()
        mine = client(smtp.sock, kind)  # type: ignore[arg-type]
        code, text = smtp.docmd("AUTH", f"{mechanism(kind)} {base64.b64encode(mine.answer(b'')).decode()}")
        while code == 334:
            code, text = smtp.docmd(base64.b64encode(mine.answer(base64.b64decode(text))).decode())
        assert (235, True) == (code, mine.has_proof)


def test_pop3(far: Far) -> None:
    pop = poplib.POP3_SSL("127.0.0.1", far(WHO)["pop3s"], context=trusting(), timeout=30)
    mine = client(pop.sock, "tls-server-end-point")  # type: ignore[arg-type]
    answer = pop._shortcmd(f"AUTH SCRAM-SHA-256-PLUS {base64.b64encode(mine.answer(b'')).decode()}")  # type: ignore[attr-defined]
    while answer.startswith(b"+ "):
        answer = pop._shortcmd(base64.b64encode(mine.answer(base64.b64decode(answer[2:]))).decode())  # type: ignore[attr-defined]
    assert (True, True) == (answer.startswith(b"+OK"), mine.has_proof)
    pop.quit()


@pytest.mark.parametrize("wrong", ["password", "channel"])
def test_a_wrong_password_and_another_channel_are_refused(server: Server, wrong: str) -> None:
    """Somebody in the middle has another certificate, so what is bound is another."""
    with imaplib.IMAP4_SSL("127.0.0.1", server.ports["imaps"], ssl_context=trusting(), timeout=30) as imap:
        mine = client(imap.sock, "tls-server-end-point", PASSWORD if wrong == "channel" else "not it")  # type: ignore[arg-type]
        if wrong == "channel":
            mine = ScramClient(WHO, PASSWORD, kind="tls-server-end-point", binding=bytes(32))
        with pytest.raises(imaplib.IMAP4.error):
            imap.authenticate("SCRAM-SHA-256-PLUS", mine.answer)
        assert not mine.has_proof
