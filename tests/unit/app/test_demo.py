"""The demo whole: started, looked at with other people's clients, stopped, started again."""

import imaplib
import json
import os
import poplib
import random
import signal
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = str(Path(sys.executable).with_name("mailstead"))


@contextmanager
def demo(data: Path) -> Iterator[tuple[int, str]]:
    """Port base and what was printed before it was ready."""
    for _ in range(5):
        base = random.randrange(12_000, 50_000)
        process = subprocess.Popen(
            [PROGRAM, "demo", "--data", str(data), "--port-base", str(base), "--workers", "2"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={k: v for k, v in os.environ.items() if not k.startswith("MAILSTEAD_")},
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        said = ""
        for line in process.stdout:
            said += line
            if line == "mailstead: ready\n":
                break
        else:
            _, trouble = process.communicate(timeout=10)
            assert "cannot listen" in trouble, trouble
            continue
        try:
            yield base, said
            process.send_signal(signal.SIGTERM)
            _, trouble = process.communicate(timeout=60)
            assert 0 == process.returncode, trouble
            assert "defect" not in trouble
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate(timeout=10)
        return
    pytest.fail("no free ports")


def test_the_demo_is_a_complete_system(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    anybody = ssl._create_unverified_context()
    with demo(data) as (base, said):
        assert 0o600 == (data / "demo.json").stat().st_mode & 0o777
        passwords = json.loads((data / "demo.json").read_text())["passwords"]
        for address, password in passwords.items():
            assert f"{address} " in said
            assert password in said
        alice, password = "alice@example.test", passwords["alice@example.test"]
        reader = imaplib.IMAP4("127.0.0.1", 2143 + base)
        reader.starttls(anybody)
        reader.login(alice, password)
        count = int(reader.select("INBOX")[1][0] or b"0")
        assert count > 20
        assert 2 == int(reader.select("Sent")[1][0] or b"0")
        with smtplib.SMTP_SSL("127.0.0.1", 2465 + base, context=anybody) as writer:
            writer.login("bob@example.test", passwords["bob@example.test"])
            writer.sendmail("bob@example.test", [alice], "From: bob@example.test\r\nTo: alice@example.test\r\nSubject: hello\r\n\r\nhello\r\n")
        assert count + 1 == int(reader.select("INBOX")[1][0] or b"0")
        reader.logout()
        fetcher = poplib.POP3_SSL("127.0.0.1", 2995 + base, context=anybody)
        fetcher.user(alice)
        fetcher.pass_(password)
        assert count + 1 == fetcher.stat()[0]
        fetcher.quit()
    with demo(data) as (base, said):
        assert password in said
        again = imaplib.IMAP4_SSL("127.0.0.1", 2993 + base, ssl_context=anybody)
        again.login(alice, password)
        assert count + 1 == int(again.select("INBOX")[1][0] or b"0")
        again.logout()
