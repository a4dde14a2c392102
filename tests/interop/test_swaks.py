"""swaks against MX, submission and LMTP."""

import pytest
from tests.harness.server import PASSWORD, Server
from tests.interop.conftest import Far, program, run, subjects

pytestmark = pytest.mark.interop


def test_mx_takes_mail(server: Server, far: Far) -> None:
    out = run(program("swaks", "swaks"), "--server", "127.0.0.1", "--port", str(far("user0@example.test")["smtp"]), "--from", "a@outside.test",
              "--to", "user0@example.test", "--header", "Subject: by swaks", "--body", "hello")
    assert "250 " in out
    assert "by swaks" in subjects(server, "user0@example.test")


def test_mx_with_starttls(server: Server, far: Far) -> None:
    out = run(program("swaks", "swaks"), "--server", "127.0.0.1", "--port", str(far("user0@example.test")["smtp"]), "--tls", "--from",
              "a@outside.test", "--to", "user0@example.test", "--header", "Subject: swaks over TLS")
    assert "TLSv1.3" in out
    assert "swaks over TLS" in subjects(server, "user0@example.test")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_submission_with_login(server: Server, far: Far, mechanism: str) -> None:
    run(program("swaks", "swaks"), "--server", "127.0.0.1", "--port", str(far("user0@example.test")["submission"]), "--tls", "--auth", mechanism,
        "--auth-user", "user1@example.test", "--auth-password", PASSWORD, "--from", "user1@example.test",
        "--to", "user0@example.test", "--header", f"Subject: submitted {mechanism}")
    assert f"submitted {mechanism}" in subjects(server, "user0@example.test")


def test_submission_as_somebody_else_is_refused(server: Server) -> None:
    swaks = program("swaks", "swaks")
    with pytest.raises(AssertionError, match=r"55[03]"):
        run(swaks, "--server", "127.0.0.1", "--port", str(server.ports["submissions"]), "--tls-on-connect", "--auth", "PLAIN",
            "--auth-user", "user1@example.test", "--auth-password", PASSWORD, "--from", "user2@example.test",
            "--to", "user0@example.test")


def test_lmtp_answers_for_each_recipient(server: Server, far: Far) -> None:
    out = run(program("swaks", "swaks"), "--server", "127.0.0.1", "--port", str(far("user0@example.test")["lmtp"]), "--protocol", "LMTP",
              "--from", "a@outside.test", "--to", "user0@example.test,user1@example.test", "--header", "Subject: by LMTP")
    assert out.count("<-  250") >= 5
    assert "by LMTP" in subjects(server, "user0@example.test")
    assert "by LMTP" in subjects(server, "user1@example.test")


def test_relaying_is_denied(server: Server) -> None:
    swaks = program("swaks", "swaks")
    with pytest.raises(AssertionError, match="550"):
        run(swaks, "--server", "127.0.0.1", "--port", str(server.ports["smtp"]), "--from", "a@outside.test", "--to", "b@elsewhere.test")
