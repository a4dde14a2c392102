"""Which domains stand behind a message."""

import pytest
from tests.harness.lookups import Keys

from mailstead.service import signers as module
from mailstead.service.signers import signers, stands_behind
from mailstead.service.signing import Signing

NOW_S = 1_795_600_000
MESSAGE = b"From: carol@far.example\r\nMessage-ID: <1@far.example>\r\n\r\nhello\r\n"


@pytest.mark.parametrize("in_a_thread", [False, True])
async def test_signatures_that_hold_and_others(in_a_thread: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if in_a_thread:
        monkeypatch.setattr(module, "IN_A_THREAD", 1)
    keys = Keys("far.example", "mail.example")
    signed = await Signing(keys, lambda: NOW_S * 1000).signatures(MESSAGE) + MESSAGE  # type: ignore[arg-type] # what signing asks for
    table = keys.table()
    assert {"far.example", "mail.example"} == set(await signers(table, signed, now_s=NOW_S))
    assert [] == await signers(table, signed.replace(b"hello", b"hallo"), now_s=NOW_S)
    table.broken.add("s._domainkey.far.example")
    assert ["mail.example"] == await signers(table, signed, now_s=NOW_S)
    assert [] == await signers(table, MESSAGE, now_s=NOW_S)


@pytest.mark.parametrize(("signer", "domain", "expected"), [
    ("far.example", "far.example", True), ("far.example", "news.FAR.example", True), ("news.far.example", "far.example", False),
    ("ar.example", "far.example", False), ("", "far.example", False),
])  # fmt: skip
def test_who_speaks_for_whom(signer: str, domain: str, expected: bool) -> None:
    assert expected == stands_behind(signer, domain)
