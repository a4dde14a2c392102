"""Rows of the directory as values."""

from typing import Any, Final

import msgspec

from mailstead.model.ids import AccountId, CredentialId, TenantId
from mailstead.model.question import ScramVerifier
from mailstead.store.interface import Account, Credential

MAILBOX: Final = 1
ALIAS: Final = 2
GROUP: Final = 3
MAIN_PASSWORD: Final = 0

ACCOUNT_COLUMNS: Final = (
    "account_id, tenant_id, address, name, state, shard, epoch, is_admin, created_ms, max_octets, max_messages, delete_after_ms"
)
_encode = msgspec.msgpack.Encoder().encode
_scram = msgspec.msgpack.Decoder(ScramVerifier).decode
_targets = msgspec.msgpack.Decoder(tuple[str, ...]).decode


def account(row: tuple[Any, ...]) -> Account:
    """``ACCOUNT_COLUMNS`` as a value."""
    (ident, tenant, address, name, state, shard, epoch, is_admin, created, max_octets, max_messages, delete_after) = row
    return Account(
        AccountId(ident), TenantId(tenant), address, name, state, shard, epoch, bool(is_admin), created, max_octets,
        max_messages, delete_after,
    )


def credential(row: tuple[Any, ...]) -> Credential:
    """credential_id, label, argon2, scram, revision, created_ms."""
    ident, label, argon2, scram, revision, created = row
    return Credential(CredentialId(ident), label, argon2, _scram(scram) if scram else None, revision, created)


def pack_scram(verifier: ScramVerifier | None) -> bytes | None:
    return _encode(verifier) if verifier else None


def pack_targets(targets: tuple[str, ...]) -> bytes:
    return _encode(targets)


def targets(octets: bytes) -> tuple[str, ...]:
    return _targets(octets) if octets else ()
