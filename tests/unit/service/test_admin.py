"""The administrator's verbs: results ready for JSON, refusals that say what to do."""

import json
from typing import Any

import pytest
from tests.harness.fake_directory import FakeStore

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal
from mailstead.model.question import ScramVerifier
from mailstead.service.admin import APP_PASSWORDS, DELETED_AFTER_MS, Admin

NOW_MS = 1_800_000_000_000


class Passwords:
    """Hashes that can be read."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def hash_password(self, password: str, salt: bytes | None = None) -> tuple[str, ScramVerifier | None]:
        if password == "bad\n":
            raise Refusal(Reason.INVALID, "no control characters")
        self.asked.append(password)
        return f"hash of {password}", ScramVerifier(salt or b"%d" % len(self.asked), 4096, b"", b"", 0)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def admin(store: FakeStore) -> Admin:
    return Admin(store, Passwords(), now_ms=lambda: NOW_MS)


async def refused(awaitable: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        await awaitable
    return found.value


async def test_an_account_from_birth_to_end(admin: Admin, store: FakeStore) -> None:
    made = await admin.account_add("Alice@example.org", "a secret", name="Alice", quota=1 << 30, admin=True)
    assert ("Alice@example.org", "active", 1 << 30, True) == (made["address"], made["state"], made["quota"], made["is_admin"])
    assert ["Alice@example.org"] == [row["address"] for row in await admin.account_list()]
    assert [] == await admin.account_list("elsewhere.org")
    assert 5 == (await admin.account_quota("alice@example.org", 5))["quota"]
    assert "suspended" == (await admin.account_suspend("alice@example.org"))["state"]
    assert "active" == (await admin.account_resume("alice@example.org"))["state"]
    deleted = await admin.account_delete("alice@example.org")
    assert ("suspended", NOW_MS + DELETED_AFTER_MS) == (deleted["state"], deleted["delete_after_ms"])
    assert 0 == (await admin.account_resume("alice@example.org"))["delete_after_ms"]
    assert "gone" == (await admin.account_delete("alice@example.org", now=True))["state"]
    assert 1 == len(store.directory.shredded)
    assert Reason.NOT_FOUND is (await refused(admin.account_show("alice@example.org"))).reason


async def test_what_is_shown_is_json_and_whole(admin: Admin) -> None:
    await admin.account_add("alice@example.org", "a secret")
    await admin.alias_add("sales@example.org", "ALICE@example.org")
    await admin.group_set("team@example.org", ["alice@example.org", "bob@elsewhere.org"])
    await admin.domain_set("example.org", "alice@example.org")
    await admin.app_password_add("alice@example.org", "phone")
    shown = json.loads(json.dumps(await admin.account_show("alice@example.org")))
    assert ["sales@example.org", "@example.org"] == shown["aliases"]
    assert ["team@example.org"] == shown["groups"]
    assert ["phone"] == shown["app_passwords"]
    assert "hash" not in json.dumps(shown)
    json.dumps([await admin.tenant_list(), await admin.domain_list(), await admin.alias_list(), await admin.group_list()])


@pytest.mark.parametrize(
    "address",
    ["alice", "@example.org", "alice@", "a b@example.org", '"a b"@example.org', ".a@example.org", "a..b@example.org",
     "a@b@example.org", "a\n@example.org", "x" * 65 + "@example.org", "alice+news@example.org"],
)  # fmt: skip
async def test_addresses_that_cannot_be_accounts(admin: Admin, address: str) -> None:
    refusal = await refused(admin.account_add(address, "a secret"))
    assert Reason.INVALID is refusal.reason


async def test_refusals_say_what_to_do(admin: Admin) -> None:
    assert "domain add" in (await refused(admin.account_add("a@elsewhere.org", "password"))).public
    assert "account list" in (await refused(admin.account_quota("nobody@example.org", 1))).public
    assert "tenant add" in (await refused(admin.domain_add("other.org", "Nobody Ltd"))).public
    assert Reason.INVALID is (await refused(admin.domain_add("not a domain"))).reason
    assert Reason.INVALID is (await refused(admin.account_add("a@example.org", "bad\n"))).reason


async def test_many_accounts_are_checked_before_any_is_made(admin: Admin, store: FakeStore) -> None:
    await admin.account_add("there@example.org", "password")
    rows = [["a@example.org", "password 1", 0, ""], ["b@example.org", "password 2", 5, "B"]]
    wrong: list[list[Any]] = [
        ["a@example.org", "password"], ["A@example.org", "password"], ["there@example.org", "password"], ["c@elsewhere.org", "password"], ["c", "password"],
        ["c@example.org", ""], ["c@example.org", "seven 7"], ["c@example.org", "x" * (limits.PASSWORD + 1)],
    ]  # fmt: skip
    for row in wrong:
        await refused(admin.accounts_add([*rows, row]))
    assert 1 == len(await admin.account_list())
    told: list[tuple[str, int, int]] = []
    assert {"added": 2} == await admin.accounts_add(rows, lambda *step: told.append(step))
    assert ("accounts", 2, 2) == told[-1]
    assert [0, 5, 0] == [row["quota"] for row in await admin.account_list()]


async def test_lists_are_whole_over_pages(admin: Admin) -> None:
    await admin.accounts_add([[f"u{number}@example.org", "password"] for number in range(2100)])
    found = [row["address"] for row in await admin.account_list()]
    assert 2100 == len(set(found))


async def test_what_is_due_is_shredded(store: FakeStore) -> None:
    clock = [NOW_MS]
    admin = Admin(store, Passwords(), now_ms=lambda: clock[0])
    await admin.accounts_add([[f"{name}@example.org", "password"] for name in ("kept", "suspended", "deleted", "resumed", "torn")])
    await admin.account_suspend("suspended@example.org")
    await admin.account_delete("deleted@example.org")
    await admin.account_delete("resumed@example.org")
    await admin.account_resume("resumed@example.org")
    torn = await store.directory.account_by_address("torn@example.org")
    await store.directory.account_set(torn.account_id, state="wiping")
    assert Reason.NOT_PERMITTED is (await refused(admin.account_resume("torn@example.org"))).reason
    assert {"shredded": ["torn@example.org"]} == await admin.accounts_sweep()
    clock[0] += DELETED_AFTER_MS
    assert {"shredded": ["deleted@example.org"]} == await admin.accounts_sweep()
    assert 3 == len(await admin.account_list())


async def test_app_passwords(admin: Admin, store: FakeStore) -> None:
    await admin.account_add("alice@example.org", "a secret")
    made = await admin.app_password_add("alice@example.org", "phone")
    assert 24 == len(made["password"])
    assert Reason.INVALID is (await refused(admin.app_password_add("alice@example.org", "phone"))).reason
    assert ["phone"] == [row["label"] for row in await admin.app_password_list("alice@example.org")]
    await admin.account_set_password("alice@example.org", "other")
    assert 1 == len(store.web_logins.ended)
    record = await store.directory.login("alice@example.org")
    assert ["hash of other", f"hash of {made['password']}"] == [one.argon2 for one in record.credentials]
    assert 2 == record.credentials[0].revision
    assert 1 == len({one.scram.salt for one in record.credentials if one.scram})
    await admin.app_password_delete("alice@example.org", made["id"])
    assert Reason.NOT_FOUND is (await refused(admin.app_password_delete("alice@example.org", "phone"))).reason


async def test_app_passwords_are_bounded(admin: Admin) -> None:
    await admin.account_add("alice@example.org", "a secret")
    for number in range(APP_PASSWORDS):
        await admin.app_password_add("alice@example.org", f"device {number}")
    assert Reason.LIMIT is (await refused(admin.app_password_add("alice@example.org", "one more"))).reason


async def test_aliases_and_groups(admin: Admin) -> None:
    await admin.account_add("alice@example.org", "a secret")
    await admin.alias_add("sales@example.org", "x@elsewhere.org")
    await admin.alias_add("@example.org", "alice@example.org")
    assert [("sales@example.org", "x@elsewhere.org"), ("@example.org", "alice@example.org")] == [
        (row["address"], row["target"]) for row in await admin.alias_list()
    ]
    assert Reason.ALREADY_EXISTS is (await refused(admin.alias_add("alice@example.org", "b@example.org"))).reason
    assert Reason.INVALID is (await refused(admin.alias_add("a@example.org", "A@EXAMPLE.org"))).reason
    assert Reason.INVALID is (await refused(admin.group_set("team@example.org", []))).reason
    assert Reason.INVALID is (await refused(admin.group_set("team@example.org", ["team@example.org"]))).reason
    await admin.group_set("team@example.org", ["alice@example.org"])
    await admin.group_delete("team@example.org")
    await admin.alias_delete("sales@example.org")
    assert [] == await admin.group_list()


async def test_no_password_in_the_events(admin: Admin) -> None:
    with telemetry.capture() as seen:
        await admin.account_add("alice@example.org", "s3cret-word")
        await admin.account_set_password("alice@example.org", "s3cret-word")
        made = await admin.app_password_add("alice@example.org", "phone")
    assert {"account.added", "password.changed", "password.added"} == {name for name, _ in seen}
    assert "s3cret-word" not in repr(seen)
    assert made["password"] not in repr(seen)
