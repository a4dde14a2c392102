"""Logins: right, wrong, banned, suspended, remembered."""

from dataclasses import replace

import pytest
from tests.harness.scram import client_final

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId
from mailstead.model.question import Origin
from mailstead.protocol import sasl
from mailstead.protocol.sasl import scram
from mailstead.service import access as access_module
from mailstead.service import guessing
from mailstead.service.access import Access
from mailstead.store.interface import Account, Credential, LoginRecord

HERE = Origin("127.0.0.1", is_loopback=True, is_encrypted=True, protocol="imap")
FAR = Origin("192.0.2.1", is_loopback=False, is_encrypted=True, protocol="imap", limit_key="192.0.2.1")
ACCOUNT = Account(7, 1, "alice@example.test", "", "active", 0, 1, False, 0, 0, 0)  # type: ignore[arg-type]


class Directory:
    """One account."""

    def __init__(self) -> None:
        self.record: LoginRecord | None = None

    async def login(self, login: str) -> LoginRecord | None:
        return self.record if login == "alice@example.test" else None


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> tuple[Access, Directory, list[float]]:
    monkeypatch.setattr(limits, "AUTH_TARPIT_S", 0.0)
    directory, clock = Directory(), [1000.0]
    access = Access(
        directory, begin=sasl.begin, verifier=scram.verifier, mechanisms=tuple(sasl.MECHANISMS), secret=b"s" * 32,  # type: ignore[arg-type]
        now_s=lambda: clock[0],
    )
    argon2, verifier = await access.hash_password("pässword")
    app, _ = await access.hash_password("app password")
    directory.record = LoginRecord(ACCOUNT, (Credential(0, "", argon2, verifier, 1, 0), Credential(9, "phone", app, None, 1, 0)))  # type: ignore[arg-type]
    return access, directory, clock


async def refusal(access: Access, login: str, password: str, origin: Origin = HERE) -> Reason:
    with pytest.raises(Refusal) as refused:
        await access.login(login, password, origin)
    return refused.value.reason


async def test_right_and_wrong(site: tuple[Access, Directory, list[float]]) -> None:
    access, _, _ = site
    who = await access.login("alice@example.test", "pässword", HERE)
    assert (who.account_id, who.credential_id) == (7, 0)
    assert (await access.login("alice@example.test", "app password", HERE)).credential_id == 9
    assert await refusal(access, "alice@example.test", "password") is Reason.AUTHENTICATION_FAILED
    assert await refusal(access, "nobody@example.test", "pässword") is Reason.AUTHENTICATION_FAILED
    assert await refusal(access, "alice@example.test", "") is Reason.AUTHENTICATION_FAILED


async def test_a_composed_password_is_the_same(site: tuple[Access, Directory, list[float]]) -> None:
    access, _, _ = site
    assert (await access.login("alice@example.test", "pässword", HERE)).account_id == 7


async def test_a_remembered_login_is_not_hashed_again(site: tuple[Access, Directory, list[float]], monkeypatch: pytest.MonkeyPatch) -> None:
    access, directory, clock = site
    await access.login("alice@example.test", "pässword", HERE)
    hashed: list[str] = []

    def is_it(_hashed: str, password: str) -> bool:
        hashed.append(password)
        return False

    monkeypatch.setattr(access, "_is_it", is_it)
    await access.login("alice@example.test", "pässword", HERE)
    assert hashed == []
    assert directory.record is not None
    newer = tuple(replace(credential, revision=2) for credential in directory.record.credentials)
    directory.record = replace(directory.record, credentials=newer)
    assert await refusal(access, "alice@example.test", "pässword") is Reason.AUTHENTICATION_FAILED
    assert len(hashed) == 2
    clock[0] += 1e6


async def test_suspended(site: tuple[Access, Directory, list[float]]) -> None:
    access, directory, _ = site
    assert directory.record is not None
    directory.record = replace(directory.record, account=replace(ACCOUNT, state="suspended"))
    assert await refusal(access, "alice@example.test", "pässword") is Reason.ACCOUNT_SUSPENDED


async def test_guessing_ends_in_a_ban(site: tuple[Access, Directory, list[float]]) -> None:
    access, _, clock = site
    for _ in range(limits.AUTH_FAILURES_PER_ADDRESS):
        assert await refusal(access, "alice@example.test", "wrong", FAR) is Reason.AUTHENTICATION_FAILED
    assert access.banned(FAR)
    assert await refusal(access, "alice@example.test", "pässword", FAR) is Reason.AUTHENTICATION_FAILED
    assert not access.banned(HERE)
    clock[0] += limits.AUTH_BAN_S
    assert (await access.login("alice@example.test", "pässword", FAR)).account_id == 7


async def test_only_safe_channels(site: tuple[Access, Directory, list[float]]) -> None:
    access, _, _ = site
    clear = Origin("192.0.2.1", is_loopback=False, is_encrypted=False, protocol="smtp")
    assert access.mechanisms(clear) == ()
    assert await refusal(access, "alice@example.test", "pässword", clear) is Reason.AUTHENTICATION_TOO_WEAK
    assert "SCRAM-SHA-256-PLUS" not in access.mechanisms(HERE)
    assert access.mechanisms(replace(HERE, binding={"tls-server-end-point": b"x"}))[0] == "SCRAM-SHA-256-PLUS"


async def test_scram_end_to_end(site: tuple[Access, Directory, list[float]]) -> None:
    access, _, _ = site
    sent: list[bytes] = []

    async def ask(challenge: bytes) -> bytes:
        sent.append(challenge)
        if len(sent) == 1:
            return client_final(b"n=alice@example.test,r=abc", challenge, b"n,,", "pässword")
        return b""

    who = await access.authenticate("SCRAM-SHA-256", b"n,,n=alice@example.test,r=abc", ask, HERE)
    assert who.account_id == 7
    assert sent[1].startswith(b"v=")


async def test_scram_with_an_app_password(site: tuple[Access, Directory, list[float]]) -> None:
    access, directory, _ = site
    record = directory.record
    assert record is not None
    assert record.credentials[0].scram is not None
    salt = record.credentials[0].scram.salt
    others = []
    for number, password in enumerate(("tablet password", "watch password"), 10):
        argon2, verifier = await access.hash_password(password, salt)
        others.append(Credential(number, password, argon2, verifier, 1, 0))  # type: ignore[arg-type]
    directory.record = replace(record, credentials=(*record.credentials, *others))
    for password, ident in (("pässword", 0), ("tablet password", 10), ("watch password", 11)):
        async def ask(challenge: bytes, password: str = password) -> bytes:
            return b"" if challenge.startswith(b"v=") else client_final(b"n=alice@example.test,r=abc", challenge, b"n,,", password)

        who = await access.authenticate("SCRAM-SHA-256", b"n,,n=alice@example.test,r=abc", ask, HERE)
        assert (who.account_id, who.credential_id) == (7, ident)

    async def lies(challenge: bytes) -> bytes:
        return client_final(b"n=alice@example.test,r=abc", challenge, b"n,,", "wrong")

    with pytest.raises(Refusal):
        await access.authenticate("SCRAM-SHA-256", b"n,,n=alice@example.test,r=abc", lies, HERE)


async def test_an_unknown_login_gets_the_same_salt_each_time(site: tuple[Access, Directory, list[float]]) -> None:
    access, _, _ = site
    salts = []
    for _ in range(2):
        async def ask(challenge: bytes) -> bytes:
            salts.append(challenge.split(b",s=")[1].split(b",")[0])
            return b"c=biws,r=" + challenge.split(b",")[0][2:] + b",p=" + b"A" * 43 + b"="

        with pytest.raises(Refusal):
            await access.authenticate("SCRAM-SHA-256", b"n,,n=nobody,r=abc", ask, HERE)
    assert salts[0] == salts[1]


async def test_nothing_secret_in_the_events(site: tuple[Access, Directory, list[float]]) -> None:
    access, _, _ = site
    with telemetry.capture() as seen:
        await access.login("alice@example.test", "pässword", HERE)
        await refusal(access, "alice@example.test", "wr0ng-s3cret")
    assert {name for name, _ in seen} == {"login.succeeded", "login.failed"}
    assert "wr0ng-s3cret" not in repr(seen)
    assert "pässword" not in repr(seen)


async def test_a_login_guessed_from_many_places_is_closed_to_strangers(site: tuple[Access, Directory, list[float]], monkeypatch: pytest.MonkeyPatch) -> None:
    access, _, _ = site
    await access.login("alice@example.test", "pässword", FAR)
    monkeypatch.setattr(access, "_is_it", lambda *_: False)
    for number in range(guessing.LOGIN_FAILURES):
        place = replace(FAR, limit_key=f"10.0.{number}.1")
        assert await refusal(access, "alice@example.test", "wrong", place) is Reason.AUTHENTICATION_FAILED
    stranger = replace(FAR, limit_key="203.0.113.1")
    assert await refusal(access, "alice@example.test", "pässword", stranger) is Reason.AUTHENTICATION_FAILED
    assert (await access.login("alice@example.test", "pässword", FAR)).account_id == 7


async def test_without_verifiers_there_is_no_scram(site: tuple[Access, Directory, list[float]]) -> None:
    _, directory, _ = site
    access = Access(
        directory, begin=sasl.begin, verifier=scram.verifier, mechanisms=tuple(sasl.MECHANISMS), secret=b"s", keeps_scram=False,  # type: ignore[arg-type]
    )
    assert access.mechanisms(replace(HERE, binding={"tls-server-end-point": b"x"})) == ("PLAIN", "LOGIN")
    assert (await access.hash_password("password"))[1] is None


async def test_a_new_password_has_a_length(site: tuple[Access, Directory, list[float]]) -> None:
    access, _, _ = site
    for password in ("", "x" * (limits.PASSWORD_LEAST - 1), "x" * (limits.PASSWORD + 1), "with a\nline"):
        with pytest.raises(Refusal) as refused:
            await access.hash_password(password)
        assert Reason.INVALID is refused.value.reason
        assert "8 to 1024 characters" in refused.value.public
    assert await access.hash_password("x" * limits.PASSWORD_LEAST)


async def test_a_program_that_logs_in_with_each_request_is_written_down_once_in_a_while(site: tuple[Access, Directory, list[float]]) -> None:
    access, _, clock = site

    async def written(password: str = "pässword", origin: Origin = HERE, visitor: str | None = None) -> int:
        with telemetry.capture() as seen:
            await access.login("alice@example.test", password, origin, visitor=visitor)
        return len(seen)

    assert [1, 1] == [await written(), await written()]  # sessions: each begins
    assert [1, 0, 0] == [await written(visitor="a program") for _ in range(3)]
    assert [1, 0] == [await written(visitor="another") for _ in range(2)]
    assert [1, 0] == [await written("app password", visitor="a program") for _ in range(2)]
    assert [1, 0] == [await written(origin=FAR, visitor="a program") for _ in range(2)]
    with telemetry.capture() as seen:
        for _ in range(2):
            with pytest.raises(Refusal):
                await access.login("alice@example.test", "wrong", HERE, visitor="a program")
    assert ["login.failed"] * 2 == [name for name, _ in seen]
    clock[0] += limits.VISIT_S
    assert [1, 0] == [await written(visitor="a program") for _ in range(2)]


async def test_a_pass_holds_until_anything_changes(site: tuple[Access, Directory, list[float]]) -> None:
    access, directory, clock = site
    who = await access.login("alice@example.test", "app password", FAR)
    shown = await access.pass_of(who)
    assert shown is not None
    for _ in range(3):
        assert await access.again(shown, FAR) is who
    record = directory.record
    assert record is not None
    for changed in (replace(record), None, replace(record, account=replace(ACCOUNT, state="suspended")), replace(record, credentials=record.credentials[:1])):
        directory.record = changed
        assert await access.again(shown, FAR) is None
    directory.record = record
    clock[0] += access_module._PASS_S - 1
    assert await access.again(shown, FAR) is who
    clock[0] += 1
    assert await access.again(shown, FAR) is None


async def test_who_would_not_be_let_in_any_more_gets_no_pass(site: tuple[Access, Directory, list[float]]) -> None:
    access, directory, _ = site
    main, app = [await access.login("alice@example.test", password, HERE) for password in ("pässword", "app password")]
    record = directory.record
    assert record is not None
    for changed, of_main, of_app in (
        (record, True, True), (replace(record, has_second_factor=True), False, True), (replace(record, account=replace(ACCOUNT, state="suspended")), False, False),
        (replace(record, credentials=record.credentials[1:]), False, True), (replace(record, account=replace(ACCOUNT, account_id=AccountId(8))), False, False), (None, False, False),
        (replace(record, credentials=tuple(replace(one, revision=2) for one in record.credentials)), False, False),
    ):  # fmt: skip
        directory.record = changed
        assert [await access.pass_of(who) is not None for who in (main, app)] == [of_main, of_app]


async def test_a_pass_is_nothing_to_an_address_that_guesses(site: tuple[Access, Directory, list[float]]) -> None:
    access, _, _ = site
    shown = await access.pass_of(await access.login("alice@example.test", "pässword", FAR))
    assert shown is not None
    assert await access.again(shown, FAR) is not None
    for number in range(limits.AUTH_FAILURES_PER_ADDRESS):
        await refusal(access, f"somebody{number}@example.test", "guessed", FAR)
    assert access.banned(FAR)
    assert await access.again(shown, FAR) is None


async def test_a_pass_halves_the_address_s_failures_as_a_login_does(site: tuple[Access, Directory, list[float]]) -> None:
    access, _, _ = site
    shown = await access.pass_of(await access.login("alice@example.test", "pässword", FAR))
    assert shown is not None
    for _ in range(3 * limits.AUTH_FAILURES_PER_ADDRESS):
        await refusal(access, "alice@example.test", "wrong", FAR)
        assert await access.again(shown, FAR) is not None
