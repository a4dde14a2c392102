"""The schedule: which message goes next, where, and when somebody has to look again. Pure: no clock, no waiting, no chance.

A *lane* is what waits on one route from one account with one priority. Only what is due is held in memory, a window a lane, and only for
sites that may be sent to; the rest is a count in the store. A *site* is a set of servers: all routes that lead to it share its limits, and
it is put off as a whole when nobody there can be reached: one row in the store, whatever waits for it (STORAGE R10).

Fairness: within a site the higher priority goes first, but every ``LOWER_TURN``-th turn is the next lower one's; within a priority tenants take
turns, within a tenant accounts, within an account age decides. Between sites there is none needed, for each has lines of its own; only
where there are more sites than lines they take turns.
"""

import heapq
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Final

from mailstead.service.ports import Failed, Place
from mailstead.service.queue.shaping import Rules, Shaping
from mailstead.store.interface import QueueHold, QueueJob, QueueLane

WINDOW: Final = 64
"""Jobs of a lane that are read at one time."""
LOWER_TURN: Final = 8
PRIORITIES: Final = (1, 0, -1)
SITE_WAITS_MS: Final = tuple(minutes * 60_000 for minutes in (1, 2, 5, 15, 30, 60, 120, 240))
"""How long a site rests after so many failures in a row."""
NEW: Final = "new"
GOOD: Final = "good"
BAD: Final = "bad"
LINES: Final = {GOOD: 500, NEW: 300, BAD: 100}
"""Connections at one time, by what is known of their sites: many dead ones do not take the place of those that live."""


class Lane:
    """``due_ms``: when the first of those that are not in ``ready`` is due; None: there are none."""

    __slots__ = ("due_ms", "in_hand", "is_listed", "key", "ready", "route")

    def __init__(self, key: QueueLane, route: "Route") -> None:
        self.key = key
        self.route = route
        self.ready: deque[QueueJob] = deque()
        self.due_ms: int | None = None
        self.in_hand = 0
        self.is_listed = False


class Route:
    """``site`` None: it has to be found out where this leads."""

    __slots__ = ("is_sought", "lanes", "name", "site", "until_ms")

    def __init__(self, name: str) -> None:
        self.name = name
        self.site: Site | None = None
        self.until_ms = 0
        self.lanes: dict[tuple[int, int, int, int], Lane] = {}
        self.is_sought = False


class Site:
    """A set of servers and what is known of it."""

    __slots__ = ("active", "failure", "failures", "hold_until_ms", "idle", "kind", "name", "pause_ms", "place", "rings", "routes", "shaping", "turns")

    def __init__(self, name: str, place: Place | None, shaping: Shaping) -> None:
        self.name = name
        self.place = place
        self.shaping = shaping
        self.routes: dict[str, Route] = {}
        self.rings: dict[int, OrderedDict[int, deque[Lane]]] = {}
        self.hold_until_ms = 0
        self.pause_ms = 0
        self.failures = 0
        self.failure: Failed | None = None
        self.active = 0
        self.idle: list[Callable[[], None]] = []
        self.kind = NEW
        self.turns = 0

    @property
    def has_work(self) -> bool:
        return any(self.rings.values())


class Schedule:
    """``load``: the first due jobs of a lane (lane, now_ms, limit); ``lane_due``: when its next is due beyond a moment; ``stretch``: 0 … 1 for a
    site and the number of its failure, so that what failed together does not come back together."""

    def __init__(
        self, rules: Rules, *, load: Callable[[QueueLane, int, int], list[QueueJob]], lane_due: Callable[[QueueLane, int], int | None],
        stretch: Callable[[str, int], float], workers: int = 1, lines: dict[str, int] | None = None,
    ) -> None:  # fmt: skip
        self.rules = rules
        self.routes: dict[str, Route] = {}
        self.sites: dict[str, Site] = {}
        self.in_hand: set[int] = set()
        self.lines: dict[str, int] = dict.fromkeys(LINES, 0)
        self._most = lines or LINES
        self._load = load
        self._lane_due = lane_due
        self._stretch = stretch
        self._workers = workers
        self._holds: dict[str, QueueHold] = {}
        self._later: list[tuple[int, int, Lane]] = []
        self._held: list[tuple[int, str]] = []
        self._sought: OrderedDict[str, Route] = OrderedDict()
        self._ready: OrderedDict[str, Site] = OrderedDict()
        self._count = 0

    # --------------------------------------------------------------------------------------------------- what waits
    def begin(self, lanes: Iterable[QueueLane], holds: Iterable[QueueHold]) -> None:
        """Everything anew, but for what is in hand."""
        self._holds = {hold.site: hold for hold in holds}
        for site in list(self.sites.values()):
            hold = self._holds.get(site.name)
            if site.hold_until_ms and (hold is None or not hold.until_ms):
                site.hold_until_ms = 0
                if site.place is None:
                    self._unlocate(site)
        self._later.clear()
        for route in self.routes.values():
            for lane in route.lanes.values():
                lane.ready.clear()
                lane.due_ms = None
        for found in lanes:
            self._expect(self._lane(found), found.due_at_ms)

    def came(self, job: QueueJob, now_ms: int) -> None:
        """A job that is new."""
        if job.held or job.job_id in self.in_hand:
            return
        message = job.message
        key = (job.shard, job.priority, message.tenant_id, message.account_id)
        route = self.routes.get(job.route)
        lane = route.lanes.get(key) if route else None
        if lane is None:
            lane = self._lane(QueueLane(job.shard, job.route, job.priority, message.tenant_id, message.account_id))
        if job.due_at_ms <= now_ms and len(lane.ready) < WINDOW and (lane.due_ms is None or lane.due_ms > now_ms) and not self._rests(lane, now_ms):
            lane.ready.append(job)
            self._list(lane)
        else:
            self._expect(lane, job.due_at_ms)

    def _rests(self, lane: Lane, now_ms: int) -> bool:
        site = lane.route.site
        return site is not None and site.hold_until_ms > now_ms

    def _lane(self, key: QueueLane) -> Lane:
        route = self.routes.get(key.route)
        if route is None:
            route = self.routes[key.route] = Route(key.route)
        number = (key.shard, key.priority, key.tenant_id, key.account_id)
        lane = route.lanes.get(number)
        if lane is None:
            lane = route.lanes[number] = Lane(key, route)
        return lane

    def _expect(self, lane: Lane, due_ms: int) -> None:
        if lane.due_ms is None or due_ms < lane.due_ms:
            lane.due_ms = due_ms
            self._count += 1
            heapq.heappush(self._later, (due_ms, self._count, lane))

    def _list(self, lane: Lane) -> None:
        """It has work: put it where its site looks."""
        route = lane.route
        site = route.site
        if lane.is_listed and site is not None:
            self._ready[site.name] = site
            return
        if site is None:
            if not route.is_sought:
                self._sought[route.name] = route
            return
        lane.is_listed = True
        tenants = site.rings.setdefault(lane.key.priority, OrderedDict())
        lanes = tenants.get(lane.key.tenant_id)
        if lanes is None:
            lanes = tenants[lane.key.tenant_id] = deque()
        lanes.append(lane)
        self._ready[site.name] = site

    # --------------------------------------------------------------------------------------------------- time
    def turn(self, now_ms: int) -> None:
        """The clock has moved."""
        while self._later and self._later[0][0] <= now_ms:
            due, _, lane = heapq.heappop(self._later)
            if lane.due_ms == due:
                self._list(lane)
        while self._held and self._held[0][0] <= now_ms:
            _, name = heapq.heappop(self._held)
            site = self.sites.get(name)
            if site is None or site.hold_until_ms > now_ms:
                continue
            if site.place is None:
                self._unlocate(site)
            elif site.has_work:
                self._ready[name] = site

    def next_ms(self) -> int | None:
        """When ``turn`` has something to do."""
        times = [queue[0][0] for queue in (self._later, self._held) if queue]
        return min(times) if times else None

    # --------------------------------------------------------------------------------------------------- where
    def sought(self) -> list[Route]:
        """Routes of which somebody has to find out where they lead; each is given once."""
        found = list(self._sought.values())
        self._sought.clear()
        for route in found:
            route.is_sought = True
        return found

    def located(self, route: Route, place: Place, hosts: Iterable[str], now_ms: int) -> Site:
        """A route's place is known."""
        site = self.sites.get(place.site)
        if site is None:
            hold = self._holds.get(place.site)
            shaping = Shaping(self.rules.of(tuple(hosts)), learnt=hold.shaping if hold else b"")
            site = self.sites[place.site] = Site(place.site, place, shaping)
            if hold is not None and hold.until_ms > now_ms:
                self._rest(site, hold.until_ms, hold.failures)
        site.place = place
        self._join(route, site, place.until_ms)
        return site

    def lost(self, route: Route, failed: Failed, now_ms: int) -> Site:
        """It cannot be found out now where a route leads: it rests."""
        name = f"?{route.name}"
        site = self.sites.get(name)
        if site is None:
            hold = self._holds.get(name)
            site = self.sites[name] = Site(name, None, Shaping(self.rules.default))
            site.failures = hold.failures if hold else 0
        self._join(route, site, 0)
        self.failed(site, failed, now_ms)
        return site

    def _join(self, route: Route, site: Site, until_ms: int) -> None:
        route.is_sought = False
        route.until_ms = until_ms
        if route.site is not site:
            self._leave(route)
            route.site = site
            site.routes[route.name] = route
            if len(site.routes) > 1 or (site.place is not None and site.place.is_shared):
                site.shaping.share = self._workers
        for lane in route.lanes.values():
            if lane.ready or lane.due_ms is not None:
                self._list(lane)

    def _leave(self, route: Route) -> None:
        site = route.site
        if site is None:
            return
        site.routes.pop(route.name, None)
        for ring in site.rings.values():
            for tenant, lanes in list(ring.items()):
                left = deque(lane for lane in lanes if lane.route is not route)
                if left:
                    ring[tenant] = left
                else:
                    del ring[tenant]
        for lane in route.lanes.values():
            lane.is_listed = False
        route.site = None
        if not site.routes and not site.active:
            self.sites.pop(site.name, None)
            self._ready.pop(site.name, None)

    def _unlocate(self, site: Site) -> None:
        for route in list(site.routes.values()):
            self._leave(route)
            route.is_sought = False
            if any(lane.ready or lane.due_ms is not None for lane in route.lanes.values()):
                self._sought[route.name] = route
            elif not route.lanes:
                self.routes.pop(route.name, None)

    # --------------------------------------------------------------------------------------------------- taking
    def startable(self, now_ms: int) -> list[Site]:
        """Sites to which a line is to be opened now, each as often as lines are wanted; ``active`` counts them in. Idle lines are waked first."""
        found: list[Site] = []
        for _ in range(len(self._ready)):
            name, site = self._ready.popitem(last=False)
            if max(site.hold_until_ms, site.pause_ms) > now_ms or not site.has_work or site.place is None:
                continue
            backlog = self._backlog(site)
            while site.idle and backlog > 0:
                site.idle.pop()()
                backlog -= 1
            most = 1 if site.failures else site.shaping.connections
            wanted = min(most - site.active, backlog - (site.active - len(site.idle)))
            while wanted > 0 and self.lines[site.kind] < self._most[site.kind]:
                found.append(site)
                site.active += 1
                self.lines[site.kind] += 1
                wanted -= 1
            if wanted > 0:
                self._ready[name] = site  # its turn comes when a line of its kind has ended
        return found

    def ended(self, site: Site, kind: str, now_ms: int) -> None:
        """A line that ``startable`` asked for, when the site was of this ``kind``, is gone."""
        site.active -= 1
        self.lines[kind] -= 1
        if site.has_work and max(site.hold_until_ms, site.pause_ms) <= now_ms:
            self._ready[site.name] = site
        elif not site.routes and not site.active:
            self.sites.pop(site.name, None)

    def _backlog(self, site: Site) -> int:
        count = 0
        for ring in site.rings.values():
            for lanes in ring.values():
                for lane in lanes:
                    count += len(lane.ready) + (lane.due_ms is not None)
                    if count > WINDOW:
                        return count
        return count

    def take(self, site: Site, now_ms: int) -> QueueJob | None:
        """The next job of a site, now in the caller's hands; None: there is none at the moment."""
        if site.hold_until_ms > now_ms:
            return None
        wait_ms = site.shaping.wait_ms(now_ms) if site.has_work else 0
        if wait_ms:
            if site.pause_ms <= now_ms:
                site.pause_ms = now_ms + wait_ms
                heapq.heappush(self._held, (site.pause_ms, site.name))
            return None
        site.turns += 1
        order = PRIORITIES if site.turns % LOWER_TURN else PRIORITIES[::-1]
        for priority in order:
            tenants = site.rings.get(priority)
            while tenants:
                tenant, lanes = tenants.popitem(last=False)
                job = self._from(lanes, now_ms)
                if lanes:
                    tenants[tenant] = lanes
                if job is not None:
                    site.shaping.took(now_ms)
                    return job
        return None

    def _from(self, lanes: deque[Lane], now_ms: int) -> QueueJob | None:
        while lanes:
            lane = lanes.popleft()
            if not lane.ready and lane.due_ms is not None and lane.due_ms <= now_ms:
                self._fill(lane, now_ms)
            if not lane.ready:
                lane.is_listed = False
                continue
            job = lane.ready.popleft()
            self.in_hand.add(job.job_id)
            lane.in_hand += 1
            if lane.ready or (lane.due_ms is not None and lane.due_ms <= now_ms):
                lanes.append(lane)
            else:
                lane.is_listed = False
            return job
        return None

    def _fill(self, lane: Lane, now_ms: int) -> None:
        """Read the next window; what is in hand is still in the store."""
        most = WINDOW + lane.in_hand
        found = self._load(lane.key, now_ms, most)
        lane.ready.extend(job for job in found if job.job_id not in self.in_hand)
        lane.due_ms = None
        if len(found) >= most:
            lane.due_ms = now_ms
        else:
            due = self._lane_due(lane.key, now_ms)
            if due is not None:
                self._expect(lane, due)

    # --------------------------------------------------------------------------------------------------- what came of it
    def finished(self, job: QueueJob, due_ms: int | None) -> None:
        """The store knows the result. ``due_ms``: it is tried again then; None: it is gone."""
        self.in_hand.discard(job.job_id)
        message = job.message
        route = self.routes.get(job.route)
        lane = route.lanes.get((job.shard, job.priority, message.tenant_id, message.account_id)) if route else None
        if lane is None or route is None:
            return
        lane.in_hand -= 1
        if due_ms is not None:
            self._expect(lane, due_ms)
        elif not lane.ready and lane.due_ms is None and lane.in_hand <= 0 and not lane.is_listed:
            del route.lanes[(job.shard, job.priority, message.tenant_id, message.account_id)]
            if not route.lanes and not route.is_sought:
                site = route.site
                if site is None or (not site.failures and len(self.routes) > _ROUTES_KEPT):
                    self._leave(route)
                    self.routes.pop(route.name, None)

    def seize(self, job: QueueJob) -> None:
        """Take a certain job into the caller's hands."""
        message = job.message
        lane = self._lane(QueueLane(job.shard, job.route, job.priority, message.tenant_id, message.account_id))
        self.in_hand.add(job.job_id)
        lane.in_hand += 1
        if lane.ready:
            lane.ready = deque(one for one in lane.ready if one.job_id != job.job_id)

    def put_back(self, job: QueueJob, now_ms: int) -> None:
        """It was not tried after all."""
        self.finished(job, now_ms)

    def succeeded(self, site: Site) -> bool:
        """A message was taken there. True: that had not been so before, and may be written down."""
        site.shaping.pleased()
        was_bad = site.failures > 0
        site.kind, site.failures, site.failure = GOOD, 0, None
        return was_bad

    def failed(self, site: Site, failed: Failed, now_ms: int) -> QueueHold:
        """No server of the site would speak: it rests, longer each time. What is to be written down. Lines that failed with the first one have seen the
        same outage: they do not count again."""
        if site.failures and site.hold_until_ms > now_ms:
            return self.hold(site, site.hold_until_ms, failed.text)
        site.failures += 1
        site.kind = BAD
        site.failure = failed
        wait = SITE_WAITS_MS[min(site.failures, len(SITE_WAITS_MS)) - 1]
        wait += int(wait / 4 * self._stretch(site.name, site.failures))
        return self.hold(site, now_ms + wait, failed.text)

    def hold(self, site: Site, until_ms: int, reason: str) -> QueueHold:
        """Put a whole site off."""
        self._rest(site, max(until_ms, site.hold_until_ms), site.failures)
        for route in site.routes.values():
            for lane in route.lanes.values():
                if lane.ready:
                    first = lane.ready[0].due_at_ms
                    lane.ready.clear()  # it is in the store; what rests is not kept in memory
                    lane.due_ms = first if lane.due_ms is None else min(lane.due_ms, first)
        return QueueHold(site.name, site.hold_until_ms, site.failures, reason, site.shaping.learnt(), 0)

    def _rest(self, site: Site, until_ms: int, failures: int) -> None:
        site.hold_until_ms = until_ms
        site.failures = failures
        if failures:
            site.kind = BAD
        heapq.heappush(self._held, (until_ms, site.name))


_ROUTES_KEPT: Final = 20_000
"""Routes without work are forgotten beyond so many."""
