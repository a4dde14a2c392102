"""Sign-ins of the web UI and second factors on one machine: see ``store.interface.web_logins``."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from mailstead.model.errors import Unavailable
from mailstead.model.ids import AccountId
from mailstead.model.web_session import WebSession
from mailstead.store.directory import web_operations as ops
from mailstead.store.directory.reader import Reader
from mailstead.store.engine.sqlite import Database
from mailstead.store.handover import DIRECTORY
from mailstead.store.interface import Totp
from mailstead.store.keys import Keys
from mailstead.store.mail.operation import Operation
from mailstead.store.seal import Damaged

_KIND: Final = b"totp"
_SHARE: Final = b"shar"
Write = Callable[[int, Operation], Awaitable[Any]]


class EmbeddedWebLogins:
    """``write`` takes an operation to its owner."""

    def __init__(self, reader: Reader, write: Write, keys: Keys) -> None:
        self._reader = reader
        self._write_to = write
        self._keys = keys

    async def _write(self, operation: Operation) -> Any:
        try:
            return await self._write_to(DIRECTORY, operation)
        finally:
            self._reader.forget()

    # ------------------------------------------------------------------------------------------------- sessions
    async def session_add(self, session: WebSession) -> None:
        sealed = self._keys.of(session.account_id).seal(_SHARE, session.session_id, session.share)
        await self._write(ops.AddSession((
            session.session_id, session.account_id, session.token, session.created_at_ms, session.seen_at_ms, session.expires_at_ms,
            session.address, session.agent, session.device, sealed,
        )))  # fmt: skip

    async def session_by_token(self, token: bytes) -> WebSession | None:
        def read(db: Database) -> WebSession | None:
            row = db.one(f"SELECT {ops.COLUMNS} FROM web_session WHERE token=?", (token,))  # noqa: S608 - names of our own
            return self._opened(row) if row else None

        return self._reader.cached(("session", token), read)

    async def sessions(self, account: AccountId) -> tuple[WebSession, ...]:
        def read(db: Database) -> tuple[WebSession, ...]:
            return tuple(self._opened(row) for row in db.all(
                f"SELECT {ops.COLUMNS} FROM web_session WHERE account_id=? ORDER BY created_ms DESC, session_id DESC", (account,)))  # noqa: S608

        return self._reader.cached(("sessions", account), read)

    def _opened(self, row: tuple[Any, ...]) -> WebSession:
        ident, account, token, created, seen, expires, address, agent, device, sealed = row
        try:
            share = self._keys.of(account).open(_SHARE, ident, sealed)
        except Damaged as exc:
            raise Unavailable("This session is damaged; sign in again", str(exc)) from exc
        return WebSession(ident, AccountId(account), token, created, seen, expires, address, agent, device, share)

    async def session_touch(self, session_id: int, seen_at_ms: int, expires_at_ms: int, address: str) -> None:
        await self._write(ops.TouchSession(session_id, seen_at_ms, expires_at_ms, address))

    async def session_delete(self, account: AccountId, session_id: int) -> None:
        await self._write(ops.DropSessions(account, session_id or -1, 0))

    async def sessions_delete(self, account: AccountId, *, but: int = 0) -> None:
        await self._write(ops.DropSessions(account, 0, but))

    async def knows_device(self, account: AccountId, device: bytes) -> bool:
        return self._reader.cached(
            ("device", account, device),
            lambda db: db.one("SELECT 1 FROM known_device WHERE account_id=? AND device=?", (account, device)) is not None,
        )

    # ------------------------------------------------------------------------------------------------- second factors
    async def totp(self, account: AccountId) -> Totp | None:
        def read(db: Database) -> Totp | None:
            row = db.one("SELECT sealed, confirmed, last_step, recovery FROM totp WHERE account_id=?", (account,))
            if row is None:
                return None
            try:
                secret = self._keys.of(account).open(_KIND, account, row[0]).decode("ascii")
            except Damaged as exc:
                raise Unavailable("The second factor is damaged; ask your administrator", str(exc)) from exc
            return Totp(secret, bool(row[1]), row[2], ops.read_codes(row[3]))

        return self._reader.cached(("totp", account), read)

    async def totp_set(self, account: AccountId, secret: str, recovery: Sequence[bytes]) -> None:
        await self._write(ops.SetTotp(account, self._keys.of(account).seal(_KIND, account, secret.encode("ascii")), tuple(recovery)))

    async def totp_confirm(self, account: AccountId, step: int) -> bool:
        return bool(await self._write(ops.UseTotp(account, step, b"", confirms=True)))

    async def totp_use(self, account: AccountId, *, step: int = 0, recovery: bytes = b"") -> bool:
        return bool(await self._write(ops.UseTotp(account, step, recovery, confirms=False)))

    async def totp_delete(self, account: AccountId) -> None:
        await self._write(ops.SetTotp(account, b"", ()))
