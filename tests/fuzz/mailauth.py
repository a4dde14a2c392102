"""Fuzz target: what strangers publish and sign: DKIM signatures and keys, MTA-STS records and policies, TLS reports, SRS addresses.

``python -m tests.fuzz.mailauth [seconds] [seed]`` mutates the corpus by itself; ``one(octets)`` is the entry for a coverage-guided
fuzzer. What must hold: ``Malformed`` or a value, a verdict of RFC 8601 for each signature, within a second.
"""

import gzip
import random
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from tests.harness import fuzz
from tests.harness.mailauth import answered

from mailstead.mailauth import mtasts, results, tags, tlsrpt
from mailstead.mailauth.arc import validate
from mailstead.mailauth.dkim.key import KeyRecord
from mailstead.mailauth.dkim.verify import Signature, verify
from mailstead.mailauth.spf import check_host
from mailstead.mailauth.tags import Malformed
from mailstead.mime.scan import scan
from mailstead.model import limits
from mailstead.model.dns import Answer, RecordType

_CORPUS = Path(__file__).parents[1] / "corpus"
_MOST_S = 1.0
_RESULTS = {"pass", "fail", "neutral", "policy", "temperror", "permerror"}
_KEYS = (
    b"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/"
    b"RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB",
    b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=; h=sha256; t=y:s; s=email",
)  # fmt: skip
_POLICIES = (
    b"v=spf1 a mx:%{d}/24//64 ptr ip4:192.0.2.0/24 ip6:2001:db8::/129 exists:%{ir}.%{v}._spf.%{d2} include:b.example ?all", b"v=spf1 redirect=_spf.%{l1r-}.%{o}",
    b"v=spf1 exists:%{p}.%{S5r+_=/-}.%{h}.%%%_%-.example exp=x.%{d} -all",
)
_CHAIN = (
    b"ARC-Seal: i=1; cv=none; a=rsa-sha256; d=a.example; s=s; t=1000; b=AAAA\r\nARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=s; h=from; bh=AAAA; b=AAAA\r\n"
    b"ARC-Authentication-Results: i=1; mx.example.org; none\r\n"
)
_POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 86400\r\n"
_RECORD = b"v=STSv1; id=20160831085700Z;"
_PIECES = (
    b";", b"=", b":", b"\r\n", b"\n", b"\r\n ", b"\0", b"\xff", b"\xc3\xa4", b"v=1", b"l=0", b"l=99999999999999999999", b"t=9999999999999", b"x=1", b"*.", b"p=",
    b"i=@", b"c=relaxed/relaxed", b"h=from:from:from", b"b=", b"a=rsa-sha1", b"A" * 3000, b"{", b"[", b"null", b"[" * 2000, b"1e400", b"\"", b"max_age: -1\r\n",
)  # fmt: skip


def one(octets: bytes) -> None:
    """One run. The first octet chooses what the rest is."""
    if not octets:
        return
    started = time.process_time()
    rest = octets[1:]
    with suppress(Malformed):
        match octets[0] % 9:
            case 0:
                KeyRecord.parse(rest)
            case 1:
                Signature.parse(rest)
            case 2:
                policy = mtasts.Policy.parse(rest)
                assert policy.mode in mtasts.MODES
                assert 0 <= policy.max_age_s <= mtasts.MAX_AGE_S
            case 3:
                mtasts.policy_id([rest, _RECORD])
                tlsrpt.destinations([rest])
            case 4:
                tlsrpt.Report.parse(rest, is_packed=False)
            case 5:
                assert len(tlsrpt.unpacked(rest)) <= limits.TLSRPT_REPORT
            case 6:
                verdicts(rest)
            case 8:
                policy_of(rest)
            case 7:
                gone = results.claims(rest, "mx.example.org")
                assert not results.claims(b"".join(results.kept(rest, gone)), "mx.example.org")
    with suppress(Malformed):
        tags.parse(rest)
    assert time.process_time() - started < _MOST_S


def policy_of(octets: bytes) -> None:
    """A policy that answers every question about text; other names have an address."""
    exchange = check_host("2001:db8::1", sender="l.o@a.example", helo="h.example")
    asked, result = 0, ""
    try:
        wanted = next(exchange)
        while True:
            asked += len(wanted)
            wanted = exchange.send(tuple(Answer(look.name, (octets,) if look.type is RecordType.TXT else ("2001:db8::2",) if look.type is RecordType.AAAA else ()) for look in wanted))
    except StopIteration as ended:
        result = ended.value.result
    assert result in {"pass", "fail", "softfail", "neutral", "none", "permerror"}
    assert asked <= 150


def verdicts(octets: bytes) -> None:
    """A message under each of the keys; the first is that of RFC 6376's example."""
    for key in _KEYS:
        found = []
        chain = answered(validate(octets, scan(octets).header_octets, now_s=1_700_000_000), {})
        assert chain.status in {"none", "pass", "fail"}
        machine = verify(octets, scan(octets).header_octets, now_s=1_700_000_000)
        try:
            asked = next(machine)
            machine.send(tuple(Answer(look.name, (key,), False, exists=True, ttl_s=60) for look in asked))
        except StopIteration as ended:
            found = ended.value
        assert len(found) <= limits.DKIM_SIGNATURES
        assert {verdict.result for verdict in found} <= _RESULTS


@cache
def corpus() -> tuple[bytes, ...]:
    """What to begin with, each after the octet that says what it is."""
    messages = [path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for path in sorted(_CORPUS.glob("dkim*/*.msg"))]
    reports = [path.read_bytes() for path in sorted(_CORPUS.glob("tlsrpt/*.json"))]
    signatures = [line for message in messages for line in _signatures(message)]
    return (
        *(b"\0" + key for key in _KEYS), *(b"\1" + line for line in signatures), b"\2" + _POLICY, b"\3" + _RECORD,
        b"\3v=TLSRPTv1; rua=mailto:a@example.com,https://b.example.com/x", *(b"\4" + report for report in reports),
        *(b"\5" + gzip.compress(report, mtime=0) for report in reports), *(b"\6" + message for message in messages),
        *(b"\x08" + policy for policy in _POLICIES), *(b"\6" + _CHAIN + message for message in messages[:3]), b"\7Authentication-Results: (a \\) (b)) \"mx.\\example.org\" 1;\r\n\tdkim=pass header.d=x\r\nSubject: y\r\n",
    )  # fmt: skip


def _signatures(message: bytes) -> list[bytes]:
    """The signature fields of a message, folded as they stand."""
    at = message.lower().find(b"dkim-signature:")
    if at < 0:
        return []
    end = at
    while (end := message.find(b"\r\n", end + 1)) >= 0:
        if message[end + 2 : end + 3] not in {b" ", b"\t"}:
            return [message[at : end + 2]]
    return []


def mutated(chance: random.Random) -> bytes:
    """One of the corpus with a few changes behind its first octet."""
    return fuzz.bent(chance, chance.choice(corpus()), _PIECES, start=1)


if __name__ == "__main__":
    fuzz.run(one, mutated)
