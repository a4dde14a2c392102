"""The directory: routes, ownership of addresses, logins, accounts, and that every worker sees a change at once."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable

import pytest
from tests.contract.store.conftest import World, message

from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId, CredentialId, TenantId
from mailstead.model.message import Filing, NewMessage
from mailstead.model.person import Person
from mailstead.model.question import ScramVerifier
from mailstead.model.uids import UidSet
from mailstead.store.interface import Routed, Want

VERIFIER = ScramVerifier(b"salt", 4096, b"stored", b"server", 7)


async def refused(what: Awaitable[object]) -> Reason:
    with pytest.raises(Refusal) as refusal:
        await what
    return refusal.value.reason


async def address(world: World, account: AccountId) -> str:
    found = await world.directory.account(account)
    assert found is not None
    return found.address


async def reached(world: World, wanted: str) -> tuple[set[AccountId], set[str]]:
    routed = await world.directory.route(wanted)
    assert routed.is_local_domain
    return {account for account, _ in routed.accounts}, set(routed.remote)


async def soon(check: Callable[[], Awaitable[bool]], within_s: float = 0.2) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if await check():
            return True
        await asyncio.sleep(0.01)
    return await check()


# ------------------------------------------------------------------------------------------------------------- routes
async def test_route_to_an_account(world: World) -> None:
    primary = await address(world, world.a)
    assert Routed(True, ((world.a, primary),)) == await world.directory.route(primary)
    assert Routed(True, ((world.a, primary),)) == await world.directory.route(primary.upper())
    with_detail = await world.directory.route(primary.replace("@", "+some+detail@"))
    assert Routed(True, ((world.a, primary),), (), "some+detail") == with_detail
    assert Routed(True) == await world.directory.route("nobody@example.test")
    assert Routed(True) == await world.directory.route("nobody+x@example.test")
    assert Routed(False, (), ("Some@Else.where",)) == await world.directory.route("Some@Else.where")


async def test_an_exact_address_with_a_plus_comes_first(world: World) -> None:
    special = await world.account("ann+special@example.test")
    plain = await world.account("ann@example.test")
    assert ({special.account_id}, set()) == await reached(world, "ann+special@example.test")
    assert ({plain.account_id}, set()) == await reached(world, "ann+other@example.test")


async def test_names_in_other_scripts(world: World) -> None:
    await world.directory.domain_add("bücher.example", (await world.directory.tenants())[0].tenant_id)
    made = await world.account("Jürgen@bücher.example")
    assert ({made.account_id}, set()) == await reached(world, "jÜRGEN@xn--bcher-kva.example")
    assert "xn--bcher-kva.example" in {domain.name for domain in await world.directory.domains()}
    assert made == await world.directory.account_by_address("ju\u0308rgen@BÜCHER.example")


async def test_aliases_of_aliases(world: World) -> None:
    primary = await address(world, world.a)
    await world.directory.alias_add("first@example.test", primary.upper())
    await world.directory.alias_add("second@example.test", "first@example.test")
    await world.directory.alias_add("third@example.test", "Second@Example.Test")
    routed = await world.directory.route("third+more@example.test")
    assert ({world.a}, "more") == ({account for account, _ in routed.accounts}, routed.detail)
    assert ("third@example.test", "second@example.test") in await world.directory.aliases()
    await world.directory.alias_delete("second@example.test")
    assert (set(), set()) == await reached(world, "third@example.test")
    assert Reason.NOT_FOUND is await refused(world.directory.alias_delete("second@example.test"))


async def test_an_alias_may_have_several_targets_and_lead_away(world: World) -> None:
    await world.directory.alias_add("both@example.test", await address(world, world.a))
    await world.directory.alias_add("both@example.test", "Someone@Else.Where")
    assert ({world.a}, {"Someone@Else.Where"}) == await reached(world, "both@example.test")


async def test_an_alias_with_detail_in_its_target(world: World) -> None:
    await world.directory.alias_add("shop@example.test", (await address(world, world.a)).replace("@", "+shop@"))
    assert ({world.a}, set()) == await reached(world, "shop@example.test")


async def test_loops_end(world: World) -> None:
    await world.directory.alias_add("one@example.test", "two@example.test")
    await world.directory.alias_add("two@example.test", "one@example.test")
    await world.directory.alias_add("self@example.test", "self@example.test")
    await world.directory.group_set("all@example.test", ["all@example.test", "one@example.test", await address(world, world.b)])
    assert (set(), set()) == await reached(world, "one@example.test")
    assert (set(), set()) == await reached(world, "self@example.test")
    assert ({world.b}, set()) == await reached(world, "all@example.test")


async def test_groups_of_groups(world: World) -> None:
    a, b = await address(world, world.a), await address(world, world.b)
    await world.directory.group_set("inner@example.test", [a, b, "x@else.where"])
    await world.directory.group_set("outer@example.test", ["inner@example.test", a, a.upper()])
    assert ({world.a, world.b}, {"x@else.where"}) == await reached(world, "outer@example.test")
    await world.directory.group_set("inner@example.test", [b])
    assert ({world.a, world.b}, set()) == await reached(world, "outer@example.test")
    assert ("inner@example.test", (b,)) in await world.directory.groups()
    await world.directory.group_delete("inner@example.test")
    assert ({world.a}, set()) == await reached(world, "outer@example.test")
    assert Reason.ALREADY_EXISTS is await refused(world.directory.alias_add("outer@example.test", a))
    assert Reason.ALREADY_EXISTS is await refused(world.directory.group_set(a, [b]))


async def test_groups_have_bounds(world: World) -> None:
    many = [f"m{number}@else.where" for number in range(limits.GROUP_MEMBERS + 50)]
    await world.directory.group_set("many@example.test", many)
    assert limits.GROUP_MEMBERS == len((await reached(world, "many@example.test"))[1])
    last = await address(world, world.a)
    for depth in range(limits.GROUP_DEPTH + 3):
        await world.directory.group_set(f"g{depth}@example.test", [last])
        last = f"g{depth}@example.test"
    assert ({world.a}, set()) == await reached(world, f"g{limits.GROUP_DEPTH - 2}@example.test")
    assert (set(), set()) == await reached(world, f"g{limits.GROUP_DEPTH + 2}@example.test")


async def test_catch_all(world: World) -> None:
    a = await address(world, world.a)
    await world.directory.alias_add("@example.test", a)
    assert a == next(domain.catch_all for domain in await world.directory.domains())
    routed = await world.directory.route("anything+x@example.test")
    assert ({world.a}, "") == ({account for account, _ in routed.accounts}, routed.detail)
    assert ({world.b}, set()) == await reached(world, await address(world, world.b))
    await world.directory.alias_delete("@example.test")
    assert (set(), set()) == await reached(world, "anything@example.test")
    await world.directory.domain_set("example.test", catch_all="away@else.where")
    assert (set(), {"away@else.where"}) == await reached(world, "anything@example.test")


# --------------------------------------------------------------------------------------------------------------- owns
async def test_owns(world: World) -> None:
    a, b = await address(world, world.a), await address(world, world.b)
    await world.directory.alias_add("alias@example.test", a)
    await world.directory.alias_add("above@example.test", "alias@example.test")
    await world.directory.group_set("group@example.test", [a])
    for own in (a, a.upper(), a.replace("@", "+x@"), "alias@example.test", "Above@example.test", "above+x@example.test"):
        assert await world.directory.owns(world.a, own), own
    for other in (b, "group@example.test", "nobody@example.test", "x@else.where", "", "@example.test"):
        assert not await world.directory.owns(world.a, other), other
    assert not await world.directory.owns(AccountId(99), a)
    await world.directory.alias_delete("alias@example.test")
    assert not await world.directory.owns(world.a, "above@example.test")


# -------------------------------------------------------------------------------------------------------------- login
async def test_login_forms(world: World) -> None:
    made = await world.directory.account_add("Log.In@example.test", name="Log In", argon2="phc", scram=VERIFIER)
    await world.directory.alias_add("short@example.test", "log.in@example.test")
    for login in ("Log.In@example.test", "LOG.IN@EXAMPLE.TEST", "log.in", "short@example.test", "short"):
        found = await world.directory.login(login)
        assert found is not None, login
        assert made == found.account
        assert [(0, "phc", VERIFIER)] == [(one.credential_id, one.argon2, one.scram) for one in found.credentials]
    for login in ("", "nobody", "nobody@example.test", "log.in@else.where", "log.in+x@example.test"):
        assert await world.directory.login(login) is None, login
    await world.directory.domain_add("second.test", (await world.directory.tenants())[0].tenant_id)
    assert await world.directory.login("log.in") is None
    assert await world.directory.login("log.in@example.test") is not None


async def test_credentials(world: World) -> None:
    async def now() -> list[tuple[int, str, str, int]]:
        found = await world.directory.login(await address(world, world.a))
        assert found is not None
        return [(one.credential_id, one.label, one.argon2, one.revision) for one in found.credentials]

    changed = await world.directory.credential_set(world.a, credential=CredentialId(0), label="", argon2="new", scram=None)
    assert (0, 2) == (changed.credential_id, changed.revision)
    app = await world.directory.credential_set(world.a, credential=None, label="phone", argon2="app", scram=VERIFIER)
    assert [(0, "", "new", 2), (app.credential_id, "phone", "app", 1)] == await now()
    await world.directory.credential_delete(world.a, app.credential_id)
    assert [(0, "", "new", 2)] == await now()
    assert Reason.NOT_FOUND is await refused(world.directory.credential_delete(world.a, app.credential_id))
    assert Reason.NOT_PERMITTED is await refused(world.directory.credential_delete(world.a, CredentialId(0)))
    assert Reason.NOT_FOUND is await refused(
        world.directory.credential_set(AccountId(5), credential=None, label="", argon2="x", scram=None))


# ----------------------------------------------------------------------------------------------------------- accounts
async def test_accounts_are_unique_and_need_a_domain(world: World) -> None:
    await world.account("One@example.test")
    assert Reason.ALREADY_EXISTS is await refused(world.account("oNE@example.test"))
    assert Reason.NOT_FOUND is await refused(world.account("one@else.where"))
    await world.directory.alias_add("two@example.test", "one@example.test")
    assert Reason.ALREADY_EXISTS is await refused(world.account("two@example.test"))
    assert Reason.ALREADY_EXISTS is await refused(world.directory.domain_add("EXAMPLE.test", (await world.directory.tenants())[0].tenant_id))
    assert Reason.NOT_FOUND is await refused(world.directory.alias_add("x@else.where", "one@example.test"))


async def test_the_same_account_at_the_same_moment(world: World) -> None:
    made = await asyncio.gather(
        *(store.directory.account_add("one@example.test", argon2="x", scram=None) for store in world.stores for _ in range(5)),
        return_exceptions=True)
    assert 1 == sum(not isinstance(one, BaseException) for one in made)
    assert {Reason.ALREADY_EXISTS} == {one.reason for one in made if isinstance(one, Refusal)}


async def test_tenants_have_limits(world: World) -> None:
    tenant = await world.directory.tenant_add("Customer", max_accounts=2)
    await world.directory.domain_add("customer.test", tenant.tenant_id)
    await world.account("a@customer.test")
    await world.account("b@customer.test")
    assert Reason.LIMIT is await refused(world.account("c@customer.test"))
    assert ["a@customer.test", "b@customer.test"] == [
        account.address for account in await world.directory.accounts(tenant=tenant.tenant_id)]
    assert ["customer.test"] == [domain.name for domain in await world.directory.domains(tenant=tenant.tenant_id)]
    assert Reason.ALREADY_EXISTS is await refused(world.directory.tenant_add("Customer"))
    (default, _) = await world.directory.tenants()
    assert Reason.NOT_PERMITTED is await refused(
        world.directory.account_add("d@customer.test", argon2="x", scram=None, tenant=default.tenant_id))


async def test_accounts_in_order(world: World) -> None:
    await world.directory.domain_add("more_example.test", (await world.directory.tenants())[0].tenant_id)
    await world.directory.domain_add("more-example.test", (await world.directory.tenants())[0].tenant_id)
    for name in ("Zoe", "anna", "Bob"):
        await world.account(f"{name}@more_example.test")
        await world.account(f"{name}@more-example.test")
    listed = await world.directory.accounts(domain="more_example.test")
    assert ["anna@more_example.test", "Bob@more_example.test", "Zoe@more_example.test"] == [one.address for one in listed]
    pages: list[str] = []
    after = ""
    while batch := await world.directory.accounts(after=after, limit=2):
        pages += [one.address for one in batch]
        after = batch[-1].address
    assert [one.address for one in await world.directory.accounts()] == pages


async def test_many_accounts_at_once(world: World) -> None:
    made = await world.directory.accounts_add([(f"many{n}@example.test", "phc", None, n, f"N{n}") for n in range(60)])
    assert [f"many{n}@example.test" for n in range(60)] == [one.address for one in made]
    assert 60 == len({one.account_id for one in made})
    await world.deliver(account=made[7].account_id, octets=b"A: b\r\n\r\n"[:7])
    with pytest.raises(Refusal) as refusal:
        await world.deliver(account=made[3].account_id)
    assert Reason.OVER_QUOTA is refusal.value.reason
    assert "N9" == made[9].name


@pytest.mark.parametrize("bad", ["more5@example.test", "x@else.where", "MORE7@example.test"])
async def test_many_accounts_are_all_or_none(world: World, bad: str) -> None:
    await world.account("more5@example.test")
    rows = [(f"more{n}@example.test", "phc", None, 0, "") for n in range(6, 12)]
    with pytest.raises(Refusal):
        await world.directory.accounts_add([*rows, (bad, "phc", None, 0, "")])
    await asyncio.sleep(0.05)
    assert ["more5@example.test"] == [one.address for one in await world.directory.accounts() if one.address.startswith("more")]
    await world.directory.accounts_add(rows)


async def test_account_settings(world: World) -> None:
    changed = await world.directory.account_set(world.a, name="New", is_admin=True, max_octets=5_000, delete_after_ms=77)
    assert ("New", True, 5_000, 77, "active") == (
        changed.name, changed.is_admin, changed.max_octets, changed.delete_after_ms, changed.state)
    assert changed == await world.directory.account(world.a)
    assert 5_000 == (await world.mail.quota(world.a)).max_octets
    suspended = await world.directory.account_set(world.a, state="suspended")
    assert ("suspended", "New") == (suspended.state, suspended.name)
    assert suspended.epoch > changed.epoch
    assert Reason.NOT_FOUND is await refused(world.directory.account_set(AccountId(5), name="x"))
    await world.directory.account_set(world.a, state="active")


async def test_a_change_is_seen_by_every_worker_soon(world: World) -> None:
    other = world.stores[-1] if world.store is world.stores[0] else world.stores[0]
    assert Routed(True) == await other.directory.route("late@example.test")
    made = await world.account("late@example.test")

    async def there() -> bool:
        return [made.account_id] == [account for account, _ in (await other.directory.route("late@example.test")).accounts]

    assert await soon(there)
    await world.directory.alias_add("later@example.test", "late@example.test")

    async def owned() -> bool:
        return await other.directory.owns(made.account_id, "later@example.test")

    assert await soon(owned)
    await world.directory.account_set(made.account_id, state="suspended")

    async def suspended() -> bool:
        found = await other.directory.login("late@example.test")
        return found is not None and found.account.state == "suspended"

    assert await soon(suspended)
    await world.directory.credential_set(made.account_id, credential=CredentialId(0), label="", argon2="changed", scram=None)

    async def changed() -> bool:
        found = await other.directory.login("late@example.test")
        return found is not None and found.credentials[0].argon2 == "changed"

    assert await soon(changed)


# -------------------------------------------------------------------------------------------------------------- shred
async def test_a_shredded_account_cannot_be_opened(world: World) -> None:
    small, large = message(), message() + os.urandom(1_500_000)
    primary = await address(world, world.a)
    inbox = await world.inbox()
    done = [await world.append(inbox, octets=octets) for octets in (small, large)]
    kept = await world.deliver(account=world.b)
    for store in world.stores:
        await store.mail.octets(world.a, done[0].email_ids[0])
    await world.directory.account_shred(world.a)
    await asyncio.sleep(0.15)
    for store in world.stores:
        for asking in (
            lambda mail=store.mail: mail.mailboxes(world.a), lambda mail=store.mail: mail.octets(world.a, done[0].email_ids[0]),
            lambda mail=store.mail: mail.octets(world.a, done[1].email_ids[0]),
            lambda mail=store.mail: mail.select(world.a, inbox, take_recent=False), lambda mail=store.mail: mail.modseq(world.a),
            lambda mail=store.mail: mail.deliver(world.a, Filing(world.delivery(), message(), b"")),
            lambda mail=store.mail: mail.append(world.a, world.op(), inbox, [NewMessage(message())]),
        ):
            with pytest.raises((Refusal, Unavailable)):
                await asking()  # type: ignore[no-untyped-call]
        for row_asking in (store.mail.entries(world.a, inbox, UidSet.all()), store.mail.fetch(world.a, inbox, UidSet.all(), Want(envelope=True))):
            try:
                assert [] == await row_asking
            except Refusal:
                pass
    assert Routed(True) == await world.directory.route(primary)
    assert await world.directory.account(world.a) is None
    assert await world.directory.login(primary) is None
    assert b"Subject" in await world.octets(kept.email_id, world.b)
    assert Reason.NOT_FOUND is await refused(world.directory.account_shred(world.a))
    again = await world.account(primary)
    assert again.account_id != world.a
    assert 0 == (await world.mail.quota(again.account_id)).used_messages


async def test_who_is_there_is_told_alike_by_every_process(world: World) -> None:
    tenant = TenantId(1)
    before, there = await world.directory.people(tenant)
    assert {world.a, world.b} <= there.keys()
    for number, store in enumerate(world.stores):
        await store.directory.account_set(world.a, name=f"Name {number}")
        told = [await other.directory.people(tenant) for other in world.stores]
        assert [before.state.modseq + number + 1] * len(told) == [states.state.modseq for states, _ in told]
        assert [f"Name {number}"] * len(told) == [found[world.a].name for _, found in told]
        assert world.a == told[0][0].objects[-1].object_id
    record, person = await world.directory.person(world.a) or (None, None)
    assert person == Person(f"Name {len(world.stores) - 1}", there[world.a].address)
    assert record is not None
    assert not record.gone
    assert None is await world.directory.person(AccountId(1))
