import pytest
from tests.harness.fake_directory import FakeDirectory
from tests.harness.lookups import Table

from mailstead.model.errors import Reason, Refusal
from mailstead.service.domains.publish import Publishing


def publishing(dns: Table | None) -> Publishing:
    return Publishing(FakeDirectory(), hostname="mx.example.net", now_ms=lambda: 1_795_000_000_000, lookups=dns)


async def test_records_name_the_keys_and_a_check_puts_them_to_use() -> None:
    dns = Table()
    service = publishing(dns)
    await service.keys.make("example.org")
    rows = await service.domain_dns("Example.ORG")
    assert 2 == sum("_domainkey" in row["name"] for row in rows)
    for record in await service.records("example.org"):
        if record.text:
            dns.records[record.name, "TXT"] = (record.text.encode(),)
    assert {"waiting"} == {row["state"] for row in await service.domain_keys("example.org")}
    found = await service.domain_check("example.org")
    assert {"what", "verdict", "found", "fix"} == set(found[0])
    assert {"signing"} == {row["state"] for row in await service.domain_keys("example.org")}
    assert 4 == len(await service.domain_rotate("example.org"))
    assert "signing" == (await service.domain_key_use("example.org", "e202611a"))[1]["state"]


async def test_what_is_not_ours_is_refused() -> None:
    service = publishing(Table())
    for what in (service.domain_dns, service.domain_check, service.domain_keys, service.domain_rotate):
        with pytest.raises(Refusal) as refusal:
            await what("elsewhere.test")
        assert Reason.NOT_FOUND == refusal.value.reason


async def test_without_name_servers_nothing_is_checked() -> None:
    with pytest.raises(Refusal, match="dns"):
        await publishing(None).domain_check("example.org")
