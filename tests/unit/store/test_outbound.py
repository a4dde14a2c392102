"""Suppressions and the state of TLS reports in the directory."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailstead.model.ids import TenantId
from mailstead.store import Embedded, create
from mailstead.store.home import Embedded as Home
from mailstead.store.interface import Suppression

ONE = Suppression(TenantId(1), "Bob@There.Example", "bounce", "550 5.1.1 nobody", 1_000_000, 1_000_000 + 5_000)


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[tuple[Embedded, Clock]]:
    create(tmp_path / "data", shards=1)
    clock = Clock()
    opened = Home(tmp_path / "data", now_ms=clock)
    await opened.start()
    yield opened, clock
    await opened.close()


async def test_an_address_is_suppressed_for_its_tenant_until_it_expires(store: tuple[Embedded, Clock]) -> None:
    opened, clock = store
    assert ONE == await opened.outbound.suppress(ONE)
    found = await opened.outbound.suppression(TenantId(1), "bob@there.EXAMPLE")
    assert ONE == found
    assert await opened.outbound.suppression(TenantId(2), "bob@there.example") is None
    assert [ONE] == list(await opened.outbound.suppressions(TenantId(1)))
    assert [] == list(await opened.outbound.suppressions(TenantId(2)))
    clock.now += 5_000
    assert await opened.outbound.suppression(TenantId(1), "bob@there.example") is None
    assert [] == list(await opened.outbound.suppressions())
    assert 2 == (await opened.outbound.suppress(replace(ONE, created_at_ms=clock.now, expires_at_ms=clock.now + 1))).times, "the earlier time is remembered"


async def test_what_bounces_again_and_again_rests_longer(store: tuple[Embedded, Clock]) -> None:
    opened, clock = store
    lasted = []
    for _ in range(6):
        one = await opened.outbound.suppress(replace(ONE, created_at_ms=clock.now, expires_at_ms=clock.now + 5_000))
        lasted.append((one.expires_at_ms - clock.now) // 5_000)
        clock.now = one.expires_at_ms
    assert [1, 2, 4, 8, 12, 12] == lasted


async def test_a_bounce_does_not_weaken_a_complaint(store: tuple[Embedded, Clock]) -> None:
    opened, _ = store
    await opened.outbound.suppress(replace(ONE, reason="complaint", detail="abuse", expires_at_ms=0))
    after = await opened.outbound.suppress(ONE)
    assert ("complaint", "abuse", 0, 2) == (after.reason, after.detail, after.expires_at_ms, after.times)


async def test_what_is_taken_off_is_off(store: tuple[Embedded, Clock]) -> None:
    opened, _ = store
    await opened.outbound.suppress(ONE)
    assert not await opened.outbound.unsuppress(TenantId(2), ONE.address)
    assert await opened.outbound.unsuppress(TenantId(1), "BOB@there.example")
    assert not await opened.outbound.unsuppress(TenantId(1), "BOB@there.example")
    assert await opened.outbound.suppression(TenantId(1), ONE.address) is None


async def test_listing_goes_on_where_it_stopped(store: tuple[Embedded, Clock]) -> None:
    opened, _ = store
    for number in range(5):
        await opened.outbound.suppress(replace(ONE, address=f"u{number}@there.example"))
    page = await opened.outbound.suppressions(limit=3)
    rest = await opened.outbound.suppressions(after=(page[-1].tenant_id, page[-1].address), limit=3)
    assert [f"u{number}@there.example" for number in range(5)] == [one.address for one in [*page, *rest]]


async def test_reports_are_remembered_for_a_month(store: tuple[Embedded, Clock]) -> None:
    opened, clock = store
    await opened.outbound.tls_report_set("2026-11-25", "there.example", "mailto:a@there.example", state="trying", attempts=1)
    await opened.outbound.tls_report_set("2026-11-25", "there.example", "mailto:a@there.example", state="sent", attempts=2)
    assert [("there.example", "sent", 2)] == [(one.domain, one.state, one.attempts) for one in await opened.outbound.tls_reports("2026-11-25")]
    clock.now += 32 * 86_400_000
    await opened.outbound.tls_report_set("2026-12-27", "x", "y", state="sent", attempts=1)
    assert [] == await opened.outbound.tls_reports("2026-11-25")


async def test_a_domain_has_a_key_for_its_own_mail(store: tuple[Embedded, Clock]) -> None:
    opened, _ = store
    domain = await opened.directory.domain_add("ours.example", TenantId(1))
    account = await opened.outbound.domain_account(domain.domain_id)
    assert account == await opened.outbound.domain_account(domain.domain_id)
    assert opened.keys.of(account).number == 1


async def test_a_domains_secret_outlives_the_master_key(tmp_path: Path) -> None:
    create(tmp_path / "data", shards=1)
    found = []
    for _ in range(2):
        opened = Home(tmp_path / "data")
        await opened.start()
        domain = (await opened.directory.domains() or [await opened.directory.domain_add("ours.example", TenantId(1))])[0]
        found += [await opened.outbound.domain_secret(domain.domain_id, b"srs"), await opened.outbound.domain_secret(domain.domain_id, b"other")]
        await opened.rotate_master(lambda *_: None)
        found += [await opened.outbound.domain_secret(domain.domain_id, b"srs")]
        await opened.close()
    assert found[0] == found[2] == found[3] == found[5]
    assert found[0] != found[1]
    assert 32 == len(found[0])


async def test_the_sites_secret_outlives_the_master_key(tmp_path: Path) -> None:
    create(tmp_path / "data", shards=1)
    found = []
    for _ in range(2):
        opened = Home(tmp_path / "data")
        await opened.start()
        domain = (await opened.directory.domains() or [await opened.directory.domain_add("ours.example", TenantId(1))])[0]
        found += [opened.secret(b"return tags"), opened.secret(b"other")]
        assert await opened.outbound.domain_secret(domain.domain_id, b"return tags") not in found
        await opened.rotate_master(lambda *_: None)
        found += [opened.secret(b"return tags")]
        await opened.close()
    assert found[0] == found[2] == found[3] == found[5]
    assert found[0] != found[1]
    assert 32 == len(found[0])
