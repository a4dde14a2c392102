"""An address that leads to several others, of which at least one is elsewhere: who tells its author of success (RFC 3461 §5.2.7.3 c).

The address itself is answered for once ("expanded"), by us; what goes on to the others asks for no such notice, else the author of one message would hear of each member, and
members' addresses would be told to whoever asks.
"""

from mailstead.store.interface import Routed


def is_expanded(routed: Routed) -> bool:
    """Whether one address became several that are not all mailboxes here."""
    return bool(routed.remote) and len(routed.accounts) + len(routed.remote) > 1


def onward(options: dict[str, str], routed: Routed) -> dict[str, str]:
    """A recipient's ``options`` as those behind it get them: an expanded one's without SUCCESS; who asked for nothing else is told nothing more."""
    notify = options.get("notify", "")
    if "SUCCESS" not in notify or not is_expanded(routed):
        return options
    return {**options, "notify": ",".join(word for word in notify.split(",") if word != "SUCCESS") or "NEVER"}
