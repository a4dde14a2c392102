"""A sign-in of the web UI."""

from dataclasses import dataclass

from mailstead.model.ids import AccountId


@dataclass(frozen=True, slots=True)
class WebSession:
    """A sign-in of the web UI. ``token``: SHA-256 of what the browser holds; ``share``: half of the key of the cache on the device, gone with the
    session; ``device``: a keyed hash by which a browser is known again."""

    session_id: int
    account_id: AccountId
    token: bytes
    created_at_ms: int
    seen_at_ms: int
    expires_at_ms: int
    address: str
    agent: str
    device: bytes
    share: bytes

    def __repr__(self) -> str:
        return f"WebSession({self.session_id}, account {self.account_id})"
