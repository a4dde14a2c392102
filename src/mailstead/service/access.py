"""Who is it, and may they? Logins of every protocol end here.

A SASL exchange (``model.question``) is driven by ``authenticate``: its questions to the peer go to ``ask``, those to the
world are answered from the directory. Passwords are Argon2id at rest, with a SCRAM verifier beside it unless forbidden.
Argon2 costs 20 ms of CPU by design, so a right password is remembered for a while as a keyed hash (DEPENDENCIES
"password hashing"); an entry carries the credential's revision and is void when that has changed (DECISIONS 25).

Nothing here tells a peer whether an account exists: an unknown login costs the same hash, and gets made-up SCRAM salts.
"""

import asyncio
import hashlib
import hmac
import os
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.question import (
    Challenge,
    CheckPassword,
    Exchange,
    FetchVerifiers,
    Origin,
    Principal,
    ScramFailed,
    ScramProven,
    ScramVerifier,
)
from mailstead.service.guessing import Guessing
from mailstead.service.visits import Visits
from mailstead.store.interface import Credential, Directory, LoginRecord

Ask = Callable[[bytes], Awaitable[bytes]]
Begin = Callable[[str, bytes | None, str, Mapping[str, bytes]], Exchange]
Verifier = Callable[[str, bytes, int], ScramVerifier]

_REMEMBERED_S: Final = 900.0
_REMEMBERED: Final = 50_000
_PASS_S: Final = 60.0
"""So long somebody may come again by a ``Pass``; then everything is looked at anew (``limits.VISIT_S``, ``_REMEMBERED_S``)."""
_WAITING: Final = 200
"""Hashes that may wait for a thread; beyond it a login is put off."""
_MADE_UP: Final = -1
_SALT: Final = 16
_PLUS: Final = "-PLUS"
_SCRAM: Final = "SCRAM-"
PASSWORD_WANTED: Final = f"A password has {limits.PASSWORD_LEAST} to {limits.PASSWORD} characters and no control characters"


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """That ``principal`` has logged in, for whoever comes once more with the very same words from the same place: ``record`` is what it was judged by."""

    principal: Principal
    record: LoginRecord
    until_s: float


class Access:
    """``begin`` starts a SASL exchange and ``verifier`` makes a SCRAM verifier (``protocol.sasl``, put in by ``app``).
    ``secret`` is the same in all workers and over restarts: made-up salts come from it."""

    def __init__(
        self, directory: Directory, *, begin: Begin, verifier: Verifier, mechanisms: tuple[str, ...], secret: bytes,
        cleartext_on_loopback: bool = False, keeps_scram: bool = True, now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._begin = begin
        self._verifier = verifier
        self._mechanisms = tuple(name for name in mechanisms if keeps_scram or not name.startswith(_SCRAM))
        self._unbound = tuple(name for name in self._mechanisms if not name.endswith(_PLUS))
        self._secret = secret
        self._cleartext_on_loopback = cleartext_on_loopback
        self._keeps_scram = keeps_scram
        self._now_s = now_s
        self._guessing = Guessing(now_s)
        self._visits = Visits(now_s)
        self._argon2 = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
        self._hashers = ThreadPoolExecutor(2, "password")
        self._waiting = 0
        self._cache_key = os.urandom(32)
        self._cache: OrderedDict[tuple[int, bytes], tuple[int, int, float]] = OrderedDict()
        self._decoy = self._argon2.hash("a password that nobody has")

    # ------------------------------------------------------------------------------------------------- channel, bans
    def mechanisms(self, origin: Origin) -> tuple[str, ...]:
        """What may be offered here; empty where the channel would give the password away."""
        if not (origin.is_encrypted or (origin.is_loopback and self._cleartext_on_loopback)):
            return ()
        return self._mechanisms if origin.binding else self._unbound

    def banned(self, origin: Origin) -> bool:
        """Whether this address has guessed too often."""
        return not origin.is_loopback and self._guessing.is_banned(origin.limit_key)

    # ------------------------------------------------------------------------------------------------- logins
    async def authenticate(self, mechanism: str, initial: bytes | None, ask: Ask, origin: Origin) -> Principal:
        """Run a SASL exchange to its end. Raises ``Refusal`` (AUTHENTICATION_FAILED and its kind), ``Violation`` when a
        response is malformed, ``Unavailable``."""
        name = mechanism.upper()
        if name not in self.mechanisms(origin):
            raise Refusal(Reason.AUTHENTICATION_TOO_WEAK, "That mechanism is not offered here")
        self._check_ban(origin)
        exchange = self._begin(name, initial, os.urandom(18).hex(), origin.binding)
        verifiers: list[ScramVerifier] = []
        try:
            question = next(exchange)
            while True:
                answer: bytes | ScramVerifier | Principal
                match question:
                    case Challenge(octets):
                        answer = await ask(octets)
                    case CheckPassword(authzid, login, password):
                        answer = await self._check(authzid, login, password, origin)
                    case FetchVerifiers(login):
                        verifiers = verifiers[1:] or verifiers[-1:] or await self._verifiers_of(login)
                        answer = verifiers[0]
                    case ScramProven(authzid, login, verifier):
                        answer = await self._proven(authzid, login, verifier, origin)
                    case ScramFailed(login):
                        raise await self._failed(login, "the proof does not fit the password", origin)
                question = exchange.send(answer)
        except StopIteration as end:
            principal: Principal = end.value
            return principal
        finally:
            exchange.close()

    async def holds(self, principal: Principal) -> bool:
        """Whether somebody who has logged in still may be here: the account is active, and the password they came with is the one that holds."""
        record = await self._directory.login(principal.login)
        return record is not None and _may_stay(record, principal)

    async def login(
        self, login: str, password: str, origin: Origin, *, second_factor_follows: bool = False, visitor: str | None = None,
    ) -> Principal:  # fmt: skip
        """A login in the clear sense (IMAP LOGIN, POP3 PASS). Raises as ``authenticate`` does. ``second_factor_follows``: the caller asks for
        it next; else the main password of an account that has one is refused (DECISIONS 25). ``visitor``: what a program calls
        itself that logs in with every request; only the first for a while is written down (``service.visits``), failures always are."""
        if not self.mechanisms(origin):
            raise Refusal(Reason.AUTHENTICATION_TOO_WEAK, "Encrypt the connection first")
        self._check_ban(origin)
        if not login or len(login) > limits.LOGIN or not password or len(password) > limits.PASSWORD:
            raise await self._failed(login[: limits.LOGIN], "empty or too long", origin)
        return await self._check("", unicodedata.normalize("NFKC", login), _prepared(password), origin, second_factor_follows=second_factor_follows, visitor=visitor)

    async def pass_of(self, principal: Principal) -> Pass | None:
        """For somebody who has just logged in; None where they would not be let in any more."""
        record = await self._directory.login(principal.login)
        if record is None or not _may_stay(record, principal) or (record.has_second_factor and not principal.credential_id):
            return None
        return Pass(principal, record, self._now_s() + _PASS_S)

    async def again(self, shown: Pass, origin: Origin) -> Principal | None:
        """Who shows a pass where it was given; None: it holds no longer, and who comes logs in as the first time. It holds while nothing whatever has changed in the
        directory: not the password, nor the account, nor the second factor."""
        if self._now_s() >= shown.until_s or self.banned(origin):
            return None
        principal = shown.principal
        if await self._directory.login(principal.login) is not shown.record:
            return None
        if not origin.is_loopback:
            self._guessing.succeeded(origin.limit_key, principal.login)
        return principal

    async def second_factor_failed(self, login: str, origin: Origin) -> Refusal:
        """Counts a wrong code like a wrong password, and waits as long; gives the refusal."""
        return await self._failed(login, "wrong second factor", origin)

    async def is_password(self, login: str, password: str) -> bool:
        """Whether it is the main password, for somebody who is signed in."""
        record = await self._directory.login(login)
        credential = await self._matching(record, _prepared(password)) if len(password) <= limits.PASSWORD else None
        return credential is not None and not credential.credential_id

    async def _check(
        self, authzid: str, login: str, password: str, origin: Origin, *, second_factor_follows: bool = False, visitor: str | None = None,
    ) -> Principal:  # fmt: skip
        self._check_closed(login, origin)
        record = await self._directory.login(login)
        credential = await self._matching(record, password)
        if record is None or credential is None:
            raise await self._failed(login, "no such account" if record is None else "wrong password", origin)
        if record.has_second_factor and not credential.credential_id and not second_factor_follows:
            telemetry.event("login.refused", login=login, account=record.account.account_id, host=origin.host, protocol=origin.protocol,
                            reason="the account has a second factor")
            raise Refusal(Reason.AUTHENTICATION_FAILED, "This account has a second factor: use an app password here")
        return await self._welcome(record, credential, authzid, login, origin, visitor)

    async def _welcome(
        self, record: LoginRecord, credential: Credential, authzid: str, login: str, origin: Origin, visitor: str | None = None
    ) -> Principal:
        account = record.account
        if authzid and authzid not in {login, account.address}:
            raise await self._failed(login, "may not act for another", origin)
        if account.state != "active":
            telemetry.event("login.refused", login=login, account=account.account_id, host=origin.host, protocol=origin.protocol,
                            reason=account.state)
            raise Refusal(Reason.ACCOUNT_SUSPENDED, "This account is suspended")
        if not origin.is_loopback:
            self._guessing.succeeded(origin.limit_key, login)
        found = Principal(account.account_id, account.tenant_id, login, account.address, credential.credential_id, credential.revision)
        if visitor is None or self._visits.is_new(found, origin.host, visitor):
            telemetry.event("login.succeeded", account=account.account_id, login=login, host=origin.host, protocol=origin.protocol)
        return found

    async def _matching(self, record: LoginRecord | None, password: str) -> Credential | None:
        """The credential this password belongs to."""
        if record is None:
            await self._verified(self._decoy, password)
            return None
        digest = hashlib.blake2b(password.encode(), digest_size=16, key=self._cache_key).digest()
        key = (record.account.account_id, digest)
        cached = self._cache.get(key)
        if cached is not None:
            ident, revision, until = cached
            for credential in record.credentials:
                if (credential.credential_id, credential.revision) == (ident, revision) and self._now_s() < until:
                    return credential
            del self._cache[key]
        for credential in record.credentials:
            if await self._verified(credential.argon2, password):
                self._cache[key] = (credential.credential_id, credential.revision, self._now_s() + _REMEMBERED_S)
                if len(self._cache) > _REMEMBERED:
                    self._cache.popitem(last=False)
                return credential
        return None

    async def _verified(self, hashed: str, password: str) -> bool:
        if self._waiting >= _WAITING:
            raise Unavailable("Too many logins at once; try again in a moment", "password hashes are waiting")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._hashers, self._is_it, hashed, password)
        finally:
            self._waiting -= 1

    def _is_it(self, hashed: str, password: str) -> bool:
        try:
            return bool(self._argon2.verify(hashed, password))
        except (VerificationError, InvalidHashError):
            return False

    # ------------------------------------------------------------------------------------------------- SCRAM
    async def _verifiers_of(self, login: str) -> list[ScramVerifier]:
        """Those of all passwords under the first one's salt; a made-up one where there is none."""
        record = await self._directory.login(login)
        found = [
            ScramVerifier(one.scram.salt, one.scram.iterations, one.scram.stored_key, one.scram.server_key, one.credential_id)
            for one in (record.credentials if record else ())
            if one.scram is not None and not (record and record.has_second_factor and not one.credential_id)
        ]  # fmt: skip
        if found:
            first = found[0]
            return [one for one in found if (one.salt, one.iterations) == (first.salt, first.iterations)]
        salt = hmac.digest(self._secret, b"salt " + login.encode(), "sha256")[:_SALT]
        return [ScramVerifier(salt, limits.SCRAM_ITERATIONS, os.urandom(32), os.urandom(32), _MADE_UP)]

    async def _proven(self, authzid: str, login: str, verifier: ScramVerifier, origin: Origin) -> Principal:
        self._check_closed(login, origin)
        record = await self._directory.login(login)
        for credential in record.credentials if record else ():
            if credential.credential_id == verifier.tag and record is not None:
                return await self._welcome(record, credential, authzid, login, origin)
        raise await self._failed(login, "the credential is gone", origin)

    # ------------------------------------------------------------------------------------------------- failures
    def _check_ban(self, origin: Origin) -> None:
        if self.banned(origin):
            telemetry.event("login.refused", host=origin.host, protocol=origin.protocol, reason="banned for guessing")
            raise Refusal(Reason.AUTHENTICATION_FAILED, "Too many failed logins from your address; try again later")

    def _check_closed(self, login: str, origin: Origin) -> None:
        if not origin.is_loopback and self._guessing.is_closed(login, origin.limit_key):
            telemetry.event("login.refused", login=login, host=origin.host, protocol=origin.protocol, reason="the login is being guessed")
            raise Refusal(Reason.AUTHENTICATION_FAILED, "Too many failed logins; try again later")

    async def _failed(self, login: str, cause: str, origin: Origin) -> Refusal:
        """Count, log and slow down a failure; the refusal says the same for all."""
        telemetry.event("login.failed", login=login, host=origin.host, protocol=origin.protocol, reason=cause)
        if not origin.is_loopback:
            closed = self._guessing.failed(origin.limit_key, login)
            if closed:
                telemetry.event("guessing.stopped", closed=closed, host=origin.host, reason="too many failed logins")
            await asyncio.sleep(limits.AUTH_TARPIT_S)
        return Refusal(Reason.AUTHENTICATION_FAILED, "The login or password is wrong", cause)

    # ------------------------------------------------------------------------------------------------- new passwords
    async def hash_password(self, password: str, salt: bytes | None = None) -> tuple[str, ScramVerifier | None]:
        """What to keep of a new password: (Argon2id PHC string, SCRAM verifier). ``salt`` is that of the account's other
        passwords, so that SCRAM can try them all; None: a new one. INVALID for one that cannot be used."""
        if not limits.PASSWORD_LEAST <= len(password) <= limits.PASSWORD or any(ord(character) < 0x20 for character in password):
            raise Refusal(Reason.INVALID, PASSWORD_WANTED)
        return await asyncio.get_running_loop().run_in_executor(self._hashers, self._hashed, password, salt or os.urandom(_SALT))

    def _hashed(self, password: str, salt: bytes) -> tuple[str, ScramVerifier | None]:
        scram = self._verifier(password, salt, limits.SCRAM_ITERATIONS) if self._keeps_scram else None
        return self._argon2.hash(_prepared(password)), scram

    def close(self) -> None:
        self._hashers.shutdown(wait=False, cancel_futures=True)


def _may_stay(record: LoginRecord, principal: Principal) -> bool:
    """Whether this is the account of somebody who has logged in, is active, and has the password that they came with."""
    if record.account.account_id != principal.account_id or record.account.state != "active":
        return False
    return any((one.credential_id, one.revision) == (principal.credential_id, principal.revision) for one in record.credentials)


def _prepared(password: str) -> str:
    """The form that is hashed; SASL hands us the same (RFC 4013: NFKC)."""
    return unicodedata.normalize("NFKC", password)
