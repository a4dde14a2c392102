"""The schedule: which message goes next, where, and when somebody has to look again. Pure: no clock, no waiting, no chance.

A *lane* is what waits on one route from one account with one priority (``lane``): a number and a time for each job. Jobs themselves are read
when their turn comes, a window of a lane, and only for sites that may be sent to. A *site* is a set of servers: all routes that lead to it share its limits, and
it is put off as a whole when nobody there can be reached: one row in the store, whatever waits for it (STORAGE R10).

Fairness: within a site the higher priority goes first, but every ``LOWER_TURN``-th turn is the next lower one's; within a priority tenants take
turns, within a tenant accounts, within an account age decides. Between sites there is none needed, for each has lines of its own; only
where there are more sites than lines they take turns.
"""

import heapq
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from mailstead.service.ports import Failed, Place
from mailstead.service.queue.entrance import parted, shown
from mailstead.service.queue.lane import Key, Lane
from mailstead.service.queue.shaping import Rules, Shaping
from mailstead.service.queue.warmup import WarmUp
from mailstead.store.interface import QueueHold, QueueJob, QueueWaiting

WINDOW: Final = 64
"""Jobs of a lane that are read at one time; for a site that has yet to take something, fewer."""
_WINDOW_NEW: Final = 8
LOWER_TURN: Final = 8
PRIORITIES: Final = (1, 0, -1)
SITE_WAITS_MS: Final = tuple(minutes * 60_000 for minutes in (1, 2, 5, 15, 30, 60, 120, 240))
"""How long a site rests after so many failures in a row."""
NEW: Final = "new"
GOOD: Final = "good"
BAD: Final = "bad"
_IDLE: Final = "idle"
LINES: Final = {GOOD: 500, NEW: 300, BAD: 100}
"""Connections at one time, by what is known of their sites: many dead ones do not take the place of those that live."""


class Route:
    """``site`` None: it has to be found out where this leads."""

    __slots__ = ("is_sought", "lanes", "name", "site", "until_ms")

    def __init__(self, name: str) -> None:
        self.name = name
        self.site: Site | None = None
        self.until_ms = 0
        self.lanes: dict[Key, Lane] = {}
        self.is_sought = False

    @property
    def has_work(self) -> bool:
        return any(lane.ready or lane.waiting for lane in self.lanes.values())


class Site:
    """A set of servers and what is known of it."""

    __slots__ = ("active", "failure", "failures", "hold_until_ms", "idle", "kind", "name", "pause_ms", "place", "rings", "routes", "shaping", "turns")

    def __init__(self, name: str, place: Place | None, shaping: Shaping) -> None:
        self.name = name
        self.place = place
        self.shaping = shaping
        self.routes: dict[str, Route] = {}
        self.rings: dict[int, OrderedDict[int, list[Lane]]] = {}
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
    """``load``: jobs by their numbers, those that are still there; ``stretch``: 0 … 1 for a site and the number of its failure, so that what
    failed together does not come back together. ``seen``: all jobs up to this number were told by ``came``."""

    def __init__(
        self, rules: Rules, *, load: Callable[[Sequence[int]], list[QueueJob]], stretch: Callable[[str, int], float], workers: int = 1,
        lines: dict[str, int] | None = None,
    ) -> None:  # fmt: skip
        self.rules = rules
        self.warm_ups: dict[str, WarmUp] = {}
        """Of the addresses from which mail leaves, by their pool; for sites that are met from now on."""
        self.routes: dict[str, Route] = {}
        self.sites: dict[str, Site] = {}
        self.in_hand: set[int] = set()
        self.lines: dict[str, int] = dict.fromkeys(LINES, 0)
        self._most = lines or LINES
        self.seen = 0
        self._load = load
        self._stretch = stretch
        self._workers = workers
        self._holds: dict[str, QueueHold] = {}
        self._later: list[tuple[int, int, Lane]] = []
        self._held: list[tuple[int, str]] = []
        self._sought: OrderedDict[str, Route] = OrderedDict()
        self._ready: dict[str, OrderedDict[str, Site]] = {kind: OrderedDict() for kind in (_IDLE, *LINES)}
        """Sites that have work, by what is known of them: thousands that wait for a line of their kind are not looked at while there is none."""
        self._count = 0

    # --------------------------------------------------------------------------------------------------- what waits
    def begin(self, holds: Iterable[QueueHold]) -> None:
        """Everything anew, but for what is in hand: all that waits is to be told once more, from the first number on."""
        self._holds = {hold.site: hold for hold in holds}
        for site in list(self.sites.values()):
            hold = self._holds.get(site.name)
            if site.hold_until_ms and (hold is None or not hold.until_ms):
                site.hold_until_ms = 0
                if site.place is None:
                    self._unlocate(site)
        self.seen = 0
        self._later.clear()
        for route in self.routes.values():
            for lane in route.lanes.values():
                lane.empty()
                lane.wake_ms = None

    def came(self, found: Iterable[QueueWaiting], seen: int, now_ms: int) -> None:
        """What waits, up to the number ``seen``."""
        routes, in_hand = self.routes, self.in_hand
        for number, shard, name, priority, tenant, account, due_ms in found:
            if number in in_hand:
                continue
            key = (shard, priority, tenant, account)
            route = routes.get(name)
            lane = route.lanes.get(key) if route else None
            if lane is None:
                lane = self._lane(name, key)
            lane.add(number, due_ms)
            self._await(lane, due_ms, now_ms)
        self.seen = seen

    def _lane(self, name: str, key: Key) -> Lane:
        route = self.routes.get(name)
        if route is None:
            route = self.routes[name] = Route(name)
        lane = route.lanes.get(key)
        if lane is None:
            lane = route.lanes[key] = Lane(key, route)
        return lane

    def _await(self, lane: Lane, due_ms: int, now_ms: int) -> None:
        """A job of the lane is due then: look there at that moment."""
        if due_ms <= now_ms:
            self._list(lane)
        else:
            self._wake(lane, due_ms)

    def _wake(self, lane: Lane, at_ms: int) -> None:
        """``turn`` looks at it then."""
        if lane.wake_ms is None or at_ms < lane.wake_ms:
            lane.wake_ms = at_ms
            self._count += 1
            heapq.heappush(self._later, (at_ms, self._count, lane))

    def _list(self, lane: Lane) -> None:
        """It has work: put it where its site looks."""
        route = lane.route
        site = route.site
        if lane.is_listed and site is not None:
            self._enlist(site)
            return
        if site is None:
            if not route.is_sought:
                self._sought[route.name] = route
            return
        lane.is_listed = True
        tenants = site.rings.get(lane.priority)
        if tenants is None:
            tenants = site.rings[lane.priority] = OrderedDict()
        lanes = tenants.get(lane.tenant)
        if lanes is None:
            tenants[lane.tenant] = [lane]
        else:
            lanes.append(lane)
        self._enlist(site)

    def _enlist(self, site: Site) -> None:
        """``startable`` is to look at it."""
        self._ready[_IDLE if site.idle else site.kind][site.name] = site

    def _forget(self, site: Site) -> None:
        self.sites.pop(site.name, None)
        for waiting in self._ready.values():
            waiting.pop(site.name, None)

    # --------------------------------------------------------------------------------------------------- time
    def turn(self, now_ms: int) -> None:
        """The clock has moved."""
        while self._later and self._later[0][0] <= now_ms:
            due, _, lane = heapq.heappop(self._later)
            if lane.wake_ms != due:
                continue
            lane.wake_ms = None
            first = lane.due_ms
            if first is not None:
                self._await(lane, first, now_ms)
        while self._held and self._held[0][0] <= now_ms:
            _, name = heapq.heappop(self._held)
            site = self.sites.get(name)
            if site is None or site.hold_until_ms > now_ms:
                continue
            if site.place is None:
                self._unlocate(site)
            elif site.has_work:
                self._enlist(site)

    def next_ms(self) -> int | None:
        """When ``turn`` has something to do."""
        times = [queue[0][0] for queue in (self._later, self._held) if queue]
        return min(times) if times else None

    # --------------------------------------------------------------------------------------------------- where
    def sought(self, most: int) -> list[Route]:
        """Routes of which somebody has to find out where they lead, at most so many; each is given once."""
        found: list[Route] = []
        while self._sought and len(found) < most:
            _, route = self._sought.popitem(last=False)
            route.is_sought = True
            found.append(route)
        return found

    def located(self, route: Route, place: Place, hosts: Iterable[str], now_ms: int) -> Site:
        """A route's place is known."""
        site = self.sites.get(place.site)
        if site is None:
            hold = self._holds.get(place.site)
            warm_up = self.warm_ups.get(parted(route.name)[2])
            shaping = Shaping(self.rules.of(tuple(hosts)), learnt=hold.shaping if hold else b"", warm_up=warm_up)
            site = self.sites[place.site] = Site(place.site, place, shaping)
            if hold is not None and hold.until_ms > now_ms:
                self._rest(site, hold.until_ms, hold.failures)
        site.place = place
        self._join(route, site, place.until_ms, now_ms)
        return site

    def lost(self, route: Route, failed: Failed, now_ms: int) -> Site:
        """It cannot be found out now where a route leads: it rests."""
        name = f"?{shown(route.name)}"
        site = self.sites.get(name)
        if site is None:
            hold = self._holds.get(name)
            site = self.sites[name] = Site(name, None, Shaping(self.rules.default))
            site.failures = hold.failures if hold else 0
        self._join(route, site, 0, now_ms)
        self.failed(site, failed, now_ms)
        return site

    def _join(self, route: Route, site: Site, until_ms: int, now_ms: int) -> None:
        route.is_sought = False
        route.until_ms = until_ms
        if route.site is not site:
            self._leave(route)
            route.site = site
            site.routes[route.name] = route
            if len(site.routes) > 1 or (site.place is not None and site.place.is_shared):
                site.shaping.share = self._workers
        for lane in route.lanes.values():
            if lane.due(now_ms):
                self._list(lane)

    def _leave(self, route: Route) -> None:
        site = route.site
        if site is None:
            return
        site.routes.pop(route.name, None)
        for ring in site.rings.values():
            for tenant, lanes in list(ring.items()):
                left = [lane for lane in lanes if lane.route is not route]
                if left:
                    ring[tenant] = left
                else:
                    del ring[tenant]
        for lane in route.lanes.values():
            lane.is_listed = False
        route.site = None
        if not site.routes and not site.active:
            self._forget(site)

    def _unlocate(self, site: Site) -> None:
        for route in list(site.routes.values()):
            self._leave(route)
            route.is_sought = False
            if route.has_work:
                self._sought[route.name] = route
            elif not route.lanes:
                self.routes.pop(route.name, None)

    # --------------------------------------------------------------------------------------------------- taking
    def startable(self, now_ms: int, most: int) -> list[Site]:
        """Sites to which a line is to be opened now, each as often as lines are wanted, ``most`` at one time (the rest is given next time); ``active``
        counts them in. Idle lines are waked first."""
        found: list[Site] = []
        for kind, waiting in self._ready.items():
            for _ in range(len(waiting)):
                if len(found) >= most or (kind != _IDLE and self.lines[kind] >= self._most[kind]):
                    break
                self._start_at(waiting.popitem(last=False)[1], found, most, now_ms)
        return found

    def _start_at(self, site: Site, found: list[Site], most: int, now_ms: int) -> None:
        if max(site.hold_until_ms, site.pause_ms) > now_ms or not site.has_work or site.place is None:
            return
        backlog = self._backlog(site, now_ms)
        while site.idle and backlog > 0:
            site.idle.pop()()
            backlog -= 1
        limit = 1 if site.failures else site.shaping.connections
        wanted = min(limit - site.active, backlog - (site.active - len(site.idle)))
        while wanted > 0 and len(found) < most and self.lines[site.kind] < self._most[site.kind]:
            found.append(site)
            site.active += 1
            self.lines[site.kind] += 1
            wanted -= 1
        if wanted > 0:
            self._enlist(site)  # its turn comes when a line of its kind has ended

    def ended(self, site: Site, kind: str, now_ms: int) -> None:
        """A line that ``startable`` asked for, when the site was of this ``kind``, is gone."""
        site.active -= 1
        self.lines[kind] -= 1
        if site.has_work and max(site.hold_until_ms, site.pause_ms) <= now_ms:
            self._enlist(site)
        elif not site.routes and not site.active:
            self._forget(site)

    def _backlog(self, site: Site, now_ms: int) -> int:
        count = 0
        for ring in site.rings.values():
            for lanes in ring.values():
                for lane in lanes:
                    count += lane.due(now_ms)
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
                job = self._from(site, lanes, now_ms)
                if lanes:
                    tenants[tenant] = lanes
                if job is not None:
                    site.shaping.took(now_ms)
                    return job
        return None

    def _from(self, site: Site, lanes: list[Lane], now_ms: int) -> QueueJob | None:
        while lanes:
            lane = lanes.pop(0)
            if not lane.ready:
                try:
                    self._fill(lane, now_ms, 1 if site.failures else _WINDOW_NEW if site.kind == NEW else WINDOW)
                except BaseException:
                    lanes.append(lane)  # the store cannot be read now; nothing has been taken
                    raise
            job = lane.ready.popleft() if lane.ready else None
            if job is not None:
                self.in_hand.add(job.job_id)
                lane.in_hand += 1
            if lane.due(now_ms):
                lanes.append(lane)
            else:
                lane.is_listed = False
                if lane.due_ms is not None:
                    self._wake(lane, lane.due_ms)
            if job is not None:
                return job
        return None

    def _fill(self, lane: Lane, now_ms: int, most: int) -> None:
        """Read what comes next. The rows decide: what is gone or held is forgotten, what is due later or goes elsewhere waits there."""
        while not lane.ready and (numbers := lane.first(now_ms, most)):
            found = {job.job_id: job for job in self._load(numbers)}
            lane.drop(len(numbers))
            ready: deque[QueueJob] = deque()
            for number in dict.fromkeys(numbers):
                job = found.get(number)
                if job is None or job.held or number in self.in_hand:
                    continue
                if job.route == lane.route.name and _key(job) == lane.key and job.due_at_ms <= now_ms:
                    ready.append(job)
                    continue
                other = self._lane(job.route, _key(job))
                other.add(number, job.due_at_ms)
                if other is not lane:
                    self._await(other, job.due_at_ms, now_ms)
            lane.ready = ready or None

    # --------------------------------------------------------------------------------------------------- what came of it
    def finished(self, job: QueueJob, due_ms: int | None) -> None:
        """The store knows the result. ``due_ms``: it is tried again then; None: it is gone."""
        self.in_hand.discard(job.job_id)
        route, key = self.routes.get(job.route), _key(job)
        lane = route.lanes.get(key) if route else None
        if lane is None or route is None:
            return
        lane.in_hand -= 1
        if due_ms is not None:
            if job.job_id <= self.seen:  # else ``came`` will tell of it
                lane.add(job.job_id, due_ms)
                self._wake(lane, due_ms)
        elif not lane.ready and not lane.waiting and lane.in_hand <= 0 and not lane.is_listed:
            del route.lanes[key]
            if not route.lanes and not route.is_sought:
                site = route.site
                if site is None or (not site.failures and len(self.routes) > _ROUTES_KEPT):
                    self._leave(route)
                    self.routes.pop(route.name, None)

    def seize(self, job: QueueJob) -> None:
        """Take a certain job into the caller's hands."""
        lane = self._lane(job.route, _key(job))
        self.in_hand.add(job.job_id)
        lane.in_hand += 1
        lane.remove(job.job_id, job.due_at_ms)

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
                lane.unread()
        return QueueHold(site.name, site.hold_until_ms, site.failures, reason, site.shaping.learnt(), 0)

    def _rest(self, site: Site, until_ms: int, failures: int) -> None:
        site.hold_until_ms = until_ms
        site.failures = failures
        if failures:
            site.kind = BAD
        heapq.heappush(self._held, (until_ms, site.name))


def _key(job: QueueJob) -> Key:
    return job.shard, job.priority, job.message.tenant_id, job.message.account_id


_ROUTES_KEPT: Final = 20_000
"""Routes without work are forgotten beyond so many."""
