"""The ways to the world, put together: mail exchangers, what secures the way to them and who checks it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from mailstead.agent.hop import Way
from mailstead.agent.smtp import MxAgent
from mailstead.app.config import Settings
from mailstead.mailauth.mtasts import PATH
from mailstead.model import limits
from mailstead.net.dns import Resolver
from mailstead.net.https import Https
from mailstead.service.ports import Clock, TlsPolicy
from mailstead.service.push.subscriptions import Post
from mailstead.service.transport import Transport, checked
from mailstead.service.unsubscribing import Unsubscribing
from mailstead.store import Embedded


def policy_file(resolver: Resolver) -> Callable[[str], Awaitable[bytes]]:
    """Fetches the MTA-STS policy of a host (RFC 8461 §3.3)."""
    https = Https(resolver)

    async def fetch(host: str) -> bytes:
        return await https.get(host, PATH, limit=limits.MTASTS_POLICY, kinds=("text/plain",))

    return fetch


def report_poster(settings: Settings) -> Callable[[str, bytes, str], Awaitable[tuple[str, str]]]:
    """Hands TLS reports over (RFC 8460 §5.2)."""
    return Https(Resolver(settings.dns.servers)).post


def list_leaver(settings: Settings, now_ms: Clock) -> Unsubscribing:
    """Asks mailing lists to send no more (RFC 8058)."""
    resolver = Resolver(settings.dns.servers)
    return Unsubscribing(resolver, Https(resolver).post, now_ms)


def push_poster(settings: Settings) -> Post:
    """Hands messages to push services (RFC 8030 §5)."""
    return Https(Resolver(settings.dns.servers), allows_private=settings.push.private, timeout_s=limits.PUSH_TIMEOUT_S).send


def mx_agent(opened: Embedded, settings: Settings, base: Way) -> MxAgent:
    """Calls mail exchangers; DANE and MTA-STS say how the way there must be secured."""
    resolver = Resolver(settings.dns.servers)
    policies = Transport(resolver, opened.directory, fetch=policy_file(resolver), now_ms=opened.now_ms, port=settings.outbound.port)

    def check(policy: TlsPolicy, chain: Sequence[bytes]) -> tuple[str, str]:
        match = checked(policy, chain, opened.now_ms())
        return match.result, match.reason

    return MxAgent(resolver, replace(base, check=check), now_ms=opened.now_ms, policies=policies, pools=settings.outbound.pools)
