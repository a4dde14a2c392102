"""Rights of a mailbox under their names in JMAP: ``MailboxRights`` (RFC 8621 §2) and, where mail can be shared, ``mayShare``."""

from typing import Any, Final

from mailstead.model.sharing import NONE, Right

NAMES: Final[dict[str, Right]] = {
    "mayReadItems": Right.READ, "mayAddItems": Right.ADD, "mayRemoveItems": Right.REMOVE, "maySetSeen": Right.SEEN,
    "maySetKeywords": Right.KEYWORDS, "mayCreateChild": Right.CREATE_CHILD, "mayRename": Right.RENAME, "mayDelete": Right.DELETE,
    "maySubmit": Right.SUBMIT, "mayShare": Right.SHARE,
}  # fmt: skip


def shown(rights: Right, *, with_share: bool = True) -> dict[str, bool]:
    """Every right and whether it is among these. ``with_share``: ``mayShare`` as well."""
    return {name: bool(rights & right) for name, right in NAMES.items() if with_share or right is not Right.SHARE}


def read(given: Any) -> Right | None:
    """Rights as a client writes them; None: these are none."""
    if not isinstance(given, dict) or not all(name in NAMES and isinstance(value, bool) for name, value in given.items()):
        return None
    found = NONE
    for name, value in given.items():
        if value:
            found |= NAMES[name]
    return found
