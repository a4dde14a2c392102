"""How a server is called for a route: the pool that the route names has addresses, and perhaps a name, of its own."""

from collections.abc import Iterable
from dataclasses import replace

from mailstead.agent.hop import Way
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Failed, NoSession
from mailstead.service.queue.pools import Pool


class Sources:
    """``base``: how servers are called where no pool is named, or one that is there no longer."""

    def __init__(self, base: Way, pools: Iterable[Pool] = ()) -> None:
        self._base = base
        self._pools = {pool.name: pool for pool in pools}
        self._turn = 0

    def way(self, pool: str, host: str, address: str) -> Way:
        """How to call ``host`` at ``address`` (or by its name). ``NoSession``: the pool has no address of that family. Through a proxy it is the name alone
        that differs."""
        found = self._pools.get(pool)
        if found is None:
            return self._base
        self._turn += 1
        source = found.source(address, self._turn)
        if not source and self._base.socks is None:
            raise NoSession(Failed(host, 0, EnhancedStatus(4, 4, 1), f"The pool {pool} has no address from which {address} can be called"))
        return replace(self._base, us=found.hostname or self._base.us, source=source)
