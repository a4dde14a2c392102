"""What the store promises of sign-ins of the web UI and of second factors: a part of the directory, beside ``directory``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mailstead.model.ids import AccountId
from mailstead.model.web_session import WebSession


@dataclass(frozen=True, slots=True)
class Totp:
    """A second factor (RFC 6238). ``last_step``: no code of this or an earlier time step is taken again; ``recovery``: hashes of codes that
    work once."""

    secret: str
    is_confirmed: bool
    last_step: int
    recovery: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Totp(confirmed={self.is_confirmed})"


class WebLogins(Protocol):
    """Sign-ins and second factors. Reads are cached: at most 5 s stale."""

    async def session_add(self, session: WebSession) -> None:
        """Durable; the browser's device is known from now on."""

    async def session_by_token(self, token: bytes) -> WebSession | None:
        """By the hash of the token."""

    async def sessions(self, account: AccountId) -> tuple[WebSession, ...]:
        """Newest first."""

    async def session_touch(self, session_id: int, seen_at_ms: int, expires_at_ms: int, address: str) -> None: ...
    async def session_delete(self, account: AccountId, session_id: int) -> None:
        """NOT_FOUND."""

    async def sessions_delete(self, account: AccountId, *, but: int = 0) -> None:
        """All of the account's, except ``but``."""

    async def knows_device(self, account: AccountId, device: bytes) -> bool:
        """Whether somebody signed in from there before."""

    async def totp(self, account: AccountId) -> Totp | None: ...
    async def totp_set(self, account: AccountId, secret: str, recovery: Sequence[bytes]) -> None:
        """A new second factor that is not confirmed yet; sealed at rest."""

    async def totp_confirm(self, account: AccountId, step: int) -> bool:
        """It counts from now on. False: there is none, or the step was used."""

    async def totp_use(self, account: AccountId, *, step: int = 0, recovery: bytes = b"") -> bool:
        """A time step or a recovery code is used up. False: it was already."""

    async def totp_delete(self, account: AccountId) -> None: ...
