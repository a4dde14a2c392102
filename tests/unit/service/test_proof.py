"""Whether a domain stands behind a message: by a signature, or by its word about the client."""

from typing import Any

import pytest

from mailstead.mailauth.dkim import Verdict
from mailstead.mailauth.dkim.verify import Signature
from mailstead.model.dns import Answer, RecordType
from mailstead.model.errors import Unavailable
from mailstead.service.proof import Came, is_proved, policy

SIGNED = Signature.parse(b"DKIM-Signature: v=1; a=rsa-sha256; d=far.example; s=x; h=from; bh=AAAA; b=AAAA\r\n")
CLIENT = Came("192.0.2.1", "mx.far.example")


class Names:
    """``asked``: what was looked up; ``text`` None: nothing can be."""

    def __init__(self, text: bytes | None = b"v=spf1 ip4:192.0.2.1 -all") -> None:
        self.asked: list[str] = []
        self.text = text

    async def ask(self, name: str, kind: RecordType) -> Answer[bytes]:
        self.asked.append(name)
        if self.text is None:
            raise Unavailable("", "no answer")
        return Answer(name, (self.text,) if kind is RecordType.TXT else ())


async def proved(names: Names, found: list[Verdict], came: Came | None, reverse_path: str) -> bool:
    lookups: Any = names
    return await is_proved(lookups, found, came, reverse_path)


async def test_a_signature_of_the_domain_or_one_above_it_is_enough() -> None:
    names = Names()
    assert await proved(names, [Verdict("pass", "good", SIGNED)], None, "a@far.example")
    assert await proved(names, [Verdict("pass", "good", SIGNED)], CLIENT, "a@sub.far.example")
    assert [] == names.asked, "nobody asks what is not in doubt"


@pytest.mark.parametrize(("found", "came", "text", "expected"), [
    ([], CLIENT, b"v=spf1 ip4:192.0.2.1 -all", True), ([Verdict("fail", "changed", SIGNED)], CLIENT, b"v=spf1 ?all", False), ([], CLIENT, None, False), ([], None, b"v=spf1 +all", False),
    ([], Came("127.0.0.1", "x"), b"v=spf1 +all", False), ([], Came("unix", "x"), b"v=spf1 +all", False), ([], CLIENT, b"v=spf1 ~all", False),
])  # fmt: skip
async def test_else_its_word_about_the_client_counts(found: list[Verdict], came: Came | None, text: bytes | None, expected: bool) -> None:
    assert expected is await proved(Names(text), found, came, "a@far.example")


async def test_without_a_sender_the_hello_is_judged() -> None:
    names = Names()
    lookups: Any = names
    said = await policy(lookups, CLIENT, "")
    assert said is not None
    assert ("pass", ["mx.far.example"]) == (said.result, names.asked)
