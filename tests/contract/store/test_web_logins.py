"""Sign-ins of the web UI and second factors."""

import dataclasses
from pathlib import Path

import pytest
from tests.contract.store.conftest import World

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId
from mailstead.model.web_session import WebSession

FAR = 1 << 50


def session(account: AccountId, number: int, **more: object) -> WebSession:
    made = WebSession(number, account, bytes([number]) * 32, number, number, FAR, "192.0.2.1", "Browser", b"device", b"the share of the key")
    return dataclasses.replace(made, **more)  # type: ignore[arg-type]


async def test_a_session_is_found_by_its_token_until_it_ends(world: World) -> None:
    logins = world.store.web_logins
    first, second = session(world.a, 1), session(world.a, 2)
    await logins.session_add(first)
    await logins.session_add(second)
    assert first == await logins.session_by_token(first.token)
    assert (second, first) == await logins.sessions(world.a)
    assert () == await logins.sessions(world.b)
    await logins.session_touch(1, 77, FAR - 1, "192.0.2.2")
    touched = await logins.session_by_token(first.token)
    assert touched is not None
    assert (77, FAR - 1, "192.0.2.2") == (touched.seen_at_ms, touched.expires_at_ms, touched.address)
    await logins.session_delete(world.a, 1)
    assert None is await logins.session_by_token(first.token)


async def test_nobody_ends_another_accounts_session(world: World) -> None:
    logins = world.store.web_logins
    await logins.session_add(session(world.a, 1))
    for account, number in ((world.b, 1), (world.a, 9), (world.a, 0)):
        with pytest.raises(Refusal) as refusal:
            await logins.session_delete(account, number)
        assert Reason.NOT_FOUND == refusal.value.reason
    await logins.sessions_delete(world.b)
    assert 1 == len(await logins.sessions(world.a))


async def test_all_but_one_end(world: World) -> None:
    logins = world.store.web_logins
    for number in (1, 2, 3):
        await logins.session_add(session(world.a, number))
    await logins.sessions_delete(world.a, but=2)
    assert [2] == [one.session_id for one in await logins.sessions(world.a)]


async def test_a_device_is_known_after_its_first_session(world: World) -> None:
    logins = world.store.web_logins
    assert not await logins.knows_device(world.a, b"device")
    await logins.session_add(session(world.a, 1))
    assert await logins.knows_device(world.a, b"device")
    assert not await logins.knows_device(world.b, b"device")


async def test_a_second_factor_counts_from_its_confirmation(world: World) -> None:
    logins, directory = world.store.web_logins, world.directory
    found = await directory.account(world.a)
    assert found is not None
    await logins.totp_set(world.a, "SECRET", [b"one", b"two"])
    record = await directory.login(found.address)
    assert record is not None
    assert not record.has_second_factor
    assert await logins.totp_confirm(world.a, 10)
    record = await directory.login(found.address)
    assert record is not None
    assert record.has_second_factor
    assert [False, False, True, False] == [await logins.totp_use(world.a, step=step) for step in (9, 10, 11, 11)]
    assert [True, False, False] == [await logins.totp_use(world.a, recovery=code) for code in (b"one", b"one", b"three")]
    totp = await logins.totp(world.a)
    assert totp is not None
    assert ("SECRET", True, 11, (b"two",)) == (totp.secret, totp.is_confirmed, totp.last_step, totp.recovery)
    assert "SECRET" not in repr(totp)
    await logins.totp_delete(world.a)
    assert None is await logins.totp(world.a)
    assert not await logins.totp_use(world.a, step=99)


async def test_secrets_are_never_written_out(world: World, tmp_path: Path) -> None:
    await world.store.web_logins.session_add(session(world.a, 1))
    await world.store.web_logins.totp_set(world.a, "VERYSECRETVERYSECRET", [])
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"the share of the key" not in path.read_bytes()
            assert b"VERYSECRETVERYSECRET" not in path.read_bytes()
