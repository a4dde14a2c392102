"""Disposition notifications that are delivered: what the submission they speak of then says."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.harness.jmap_mail import Jmap, jmap_store

from mailstead.mime.disposition import Notification, report
from mailstead.model.ids import SubmissionId, to_wire
from mailstead.model.submission import NewSubmission, Submission
from mailstead.server.http.jmap.submission import shown
from mailstead.service.delivery import Delivery, Received
from mailstead.service.receipts import Receipts

ONE = SubmissionId(77)
SENT = b"From: a@example.test\r\nSubject: read this\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n"


@pytest.fixture
async def jmap(tmp_path: Path) -> AsyncIterator[Jmap]:
    async with jmap_store(tmp_path) as (mine, _):
        await mine.store.submissions.submit(
            mine.account, NewSubmission(ONE, "a@example.test", (("bob@far.test", {}), ("Eve@xn--bcher-kva.test", {})), message_id="<1@x>"), SENT)
        yield mine


def notice(kind: str = "displayed", final: str = "rfc822; bob@far.test", message_id: str = "<1@x>", original: str = "") -> bytes:
    note = Notification(("manual-action", "mdn-sent-manually", kind), final, original_recipient=original, message_id=message_id)
    return b"From: bob@far.test\r\nSubject: Read: read this\r\nMessage-ID: <2@far>\r\n" + report(note, "it was read", SENT, "=_b")


async def hear(jmap: Jmap, octets: bytes) -> Submission:
    delivery = Delivery(jmap.store.mail, receipts=Receipts(jmap.store.submissions))
    for _ in range(2):  # as when the sender did not hear the 250
        await delivery.file(
            Received.of(octets), jmap.account, address="a@example.test", detail="", reverse_path="", forward_path="a@example.test", trace=b"")
    (one,) = await jmap.store.submissions.find(jmap.account, ids=[ONE])
    return one


def seen(one: Submission) -> list[str]:
    return [address for address, status in shown(one)["deliveryStatus"].items() if status["displayed"] == "yes"]


async def test_who_was_shown_it_is_told(jmap: Jmap) -> None:
    one = await hear(jmap, notice())
    assert (["bob@far.test"], 1) == (seen(one), len(shown(one)["mdnBlobIds"]))
    (email,) = one.receipts
    assert "Read: read this" == (await jmap.one(to_wire("e", email), "subject"))["subject"]
    one = await hear(jmap, notice(final="rfc822; other@elsewhere.test", original="utf-8; eve@bücher.test"))
    assert (["bob@far.test", "Eve@xn--bcher-kva.test"], 2) == (seen(one), len(one.receipts))
    assert one.receipts[0] == email


@pytest.mark.parametrize(("octets", "receipts"), [
    (notice("deleted"), 1), (notice(final="rfc822; stranger@far.test"), 1), (notice(message_id="<0@x>"), 0), (notice(message_id=""), 0),
    (notice().replace(b"multipart/report", b"multipart/mixed"), 0), (notice().replace(b"Disposition: ", b"X: "), 0), (SENT, 0),
])  # fmt: skip
async def test_what_says_nothing_of_the_kind_tells_nothing(jmap: Jmap, octets: bytes, receipts: int) -> None:
    one = await hear(jmap, octets)
    assert ([], receipts) == (seen(one), len(one.receipts))
