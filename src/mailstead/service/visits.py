"""Whose coming was written down already: each request of a program that shows its password with every one is not a login of its own.

A visitor is an account, the credential, where it comes from and what the program calls itself. It is new when it was not written down for
``limits.VISIT_S``. Bounded memory: who was written down longest ago is forgotten first. Times are seconds of a clock that never goes back.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from mailstead.model import limits
from mailstead.model.question import Principal

_KEPT: Final = 50_000
_DIGEST: Final = 16


class Visits:
    """Of one process."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._written: OrderedDict[bytes, float] = OrderedDict()

    def is_new(self, who: Principal, host: str, agent: str) -> bool:
        """Whether to write this down; from then on it is written. ``agent``: the program's name, of any length."""
        said = f"{who.account_id}\0{who.credential_id}\0{who.revision}\0{who.login}\0{host}\0{agent}"
        key = hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=_DIGEST).digest()
        now = self._now_s()
        at = self._written.get(key)
        if at is not None and now - at < limits.VISIT_S:
            return False
        self._written[key] = now
        self._written.move_to_end(key)
        if len(self._written) > _KEPT:
            self._written.popitem(last=False)
        return True
