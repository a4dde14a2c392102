from tests.harness.fake_directory import FakeDirectory
from tests.harness.lookups import Table

from mailstead.service.domains.keys import RETIRED_FOR_MS, DomainKeys, same_key

DOMAIN = "example.org"
NOW = 1_795_000_000_000


class World:
    def __init__(self) -> None:
        self.directory = FakeDirectory()
        self.directory.now_ms = NOW
        self.dns = Table()
        self.keys = DomainKeys(self.directory, self.dns, lambda: self.directory.now_ms)

    async def states(self) -> dict[str, str]:
        return {key.selector: key.state for key in await self.directory.dkim_keys(DOMAIN)}

    async def publish(self, *selectors: str) -> None:
        for key in await self.directory.dkim_keys(DOMAIN):
            if key.selector in selectors:
                self.dns.records[f"{key.selector}._domainkey.{DOMAIN}", "TXT"] = (b"junk", key.record.replace("; p=", ";p= ").encode())


async def test_a_key_signs_from_when_its_record_is_there() -> None:
    world = World()
    await world.keys.make(DOMAIN)
    assert {"e202611": "waiting", "r202611": "waiting"} == await world.states()
    await world.keys.advance(DOMAIN)
    assert {"waiting"} == set((await world.states()).values())
    await world.publish("r202611")
    await world.keys.advance(DOMAIN)
    assert {"e202611": "waiting", "r202611": "signing"} == await world.states()


async def test_a_domain_gets_each_kind_once() -> None:
    world = World()
    await world.keys.make(DOMAIN)
    await world.keys.make(DOMAIN)
    assert 2 == len(await world.states())


async def test_rotation_publishes_waits_signs_and_retires() -> None:
    world = World()
    await world.keys.make(DOMAIN)
    await world.publish("r202611", "e202611")
    await world.keys.advance(DOMAIN)
    await world.keys.rotate(DOMAIN)
    await world.keys.rotate(DOMAIN)
    assert {"r202611": "signing", "e202611": "signing", "r202611a": "waiting", "e202611a": "waiting"} == await world.states()
    await world.publish("r202611a")
    await world.keys.advance(DOMAIN)
    assert {"r202611": "retired", "e202611": "signing", "r202611a": "signing", "e202611a": "waiting"} == await world.states()
    world.directory.now_ms += RETIRED_FOR_MS
    await world.keys.advance(DOMAIN)
    assert "r202611" in await world.states()
    world.directory.now_ms += 1
    await world.keys.advance_all()
    assert {"e202611", "r202611a", "e202611a"} == set(await world.states())


async def test_another_key_at_its_name_does_not_count() -> None:
    world = World()
    await world.keys.make(DOMAIN)
    world.dns.records[f"r202611._domainkey.{DOMAIN}", "TXT"] = (b"v=DKIM1; k=rsa; p=AAAA",)
    world.dns.broken.add(f"e202611._domainkey.{DOMAIN}")
    await world.keys.advance(DOMAIN)
    assert {"waiting"} == set((await world.states()).values())


async def test_an_administrator_may_know_better() -> None:
    world = World()
    await world.keys.make(DOMAIN)
    await world.keys.use(DOMAIN, "e202611")
    assert "signing" == (await world.states())["e202611"]


async def test_rows_hold_no_secret() -> None:
    world = World()
    await world.keys.make(DOMAIN)
    assert all("secret" not in row for row in await world.keys.rows(DOMAIN))


def test_blanks_in_a_record_do_not_matter() -> None:
    assert same_key(b"v=DKIM1; k=rsa; p=AB CD", "v=DKIM1; k=rsa; p=ABCD")
    assert not same_key(b"p=;;", "v=DKIM1; p=ABCD")
