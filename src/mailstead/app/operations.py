"""What an administrator may ask for by name, whoever carries it out.

The command line puts an operation to the running server (``control``) or, where none runs, to a store that it opens
itself; both end here. An operation is a name and keyword arguments, plain enough for JSON; its result is too.
Passwords travel over the control socket (mode 0600) and are logged nowhere.
"""

import inspect
from collections.abc import Callable
from typing import Any, Final

from mailstead.model.errors import Reason, Refusal
from mailstead.model.progress import Progress

ADMIN: Final = frozenset({
    "account_add", "accounts_add", "account_list", "account_show", "account_set_password", "account_quota",
    "account_suspend", "account_resume", "account_delete", "alias_add", "alias_list", "alias_delete", "group_set",
    "app_password_add", "app_password_list", "app_password_delete", "group_list", "group_delete", "tenant_add", "tenant_list", "domain_add", "domain_list", "domain_set",
})  # fmt: skip
DOMAINS: Final = frozenset({"domain_dns", "domain_check", "domain_keys", "domain_rotate", "domain_key_use"})
QUEUE: Final = frozenset({"queue_list", "queue_show", "queue_retry", "queue_hold", "queue_release", "queue_delete", "queue_reroute", "queue_counts", "queue_sites"})
SUPPRESSION: Final = frozenset({"suppression_list", "suppression_show", "suppression_add", "suppression_remove"})
TRACE: Final = frozenset({"trace"})
FIGURES: Final = frozenset({"deliverability", "tls_heard"})
TRANSFER: Final = frozenset({"import", "export"})
STORE: Final = frozenset({"verify", "backup", "keys_rotate"})


class Operations:
    """``admin``, ``transfer``, ``queue``, ``publishing``, ``trace``, ``suppressions`` and ``figures`` are the services of these names; ``store`` is the process's own."""

    def __init__(
        self, store: Any, admin: Any, transfer: Any, queue: Any = None, publishing: Any = None, trace: Any = None, suppressions: Any = None,
        figures: Any = None,
    ) -> None:
        self._suppressions = suppressions
        self._figures = figures
        self._trace = trace
        self._publishing = publishing
        self._store = store
        self._admin = admin
        self._transfer = transfer
        self._queue = queue

    async def sweep(self) -> None:
        """The administrator's chores that nobody asks for: deleted accounts whose time is over, signing keys whose time has come."""
        await self._admin.accounts_sweep()
        if self._publishing is not None:
            await self._publishing.keys.advance_all()

    async def perform(self, name: str, arguments: dict[str, Any], progress: Progress) -> Any:
        """Carry it out. Raises ``Refusal`` and ``Unavailable``."""
        if name in ADMIN:
            return await _call(getattr(self._admin, name), arguments, progress)
        if name in DOMAINS and self._publishing is not None:
            return await _call(getattr(self._publishing, name), arguments, progress)
        if name in QUEUE and self._queue is not None:
            return await _call(getattr(self._queue, name), arguments, progress)
        if name in SUPPRESSION and self._suppressions is not None:
            return await _call(getattr(self._suppressions, name), arguments, progress)
        if name in FIGURES and self._figures is not None:
            return await _call(getattr(self._figures, name), arguments, progress)
        if name in TRACE and self._trace is not None:
            return await _call(getattr(self._trace, name), arguments, progress)
        if name in TRANSFER and self._transfer is None:
            raise Refusal(Reason.UNSUPPORTED, f"“{name}” is not built yet.")
        if name == "import":
            return await _call(self._transfer.import_, arguments, progress)
        if name == "export":
            return await _call(self._transfer.export, arguments, progress)
        if name == "verify":
            return {"findings": await self._store.verify(repair=bool(arguments.get("repair")), progress=progress)}
        if name == "backup":
            target = str(arguments["target"])
            await self._store.backup(target, with_keys=bool(arguments.get("with_keys")), progress=progress)
            return {"target": target}
        if name == "keys_rotate":
            return {"accounts": await self._store.rotate_master(progress)}
        raise Refusal(Reason.UNSUPPORTED, f"there is no operation “{name}”")


async def _call(method: Callable[..., Any], arguments: dict[str, Any], progress: Progress) -> Any:
    wanted = inspect.signature(method).parameters
    if "progress" in wanted:
        arguments = {**arguments, "progress": progress}
    return await method(**arguments)
