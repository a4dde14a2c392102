"""Login and logout: CPU a session, after the first of each account (the hash is paid once and stated apart)."""

from bench.client import Imap
from bench.systems import System, cpu


def run(system: System, *, accounts: int = 20, rounds: int = 50) -> dict[str, float]:
    """Milliseconds of CPU for connect, LOGIN, LOGOUT."""
    before = cpu(system)
    for number in range(accounts):
        session(system, number)
    first = cpu(system) - before
    before = cpu(system)
    for _ in range(rounds):
        for number in range(accounts):
            session(system, number)
    return {
        "first_login_cpu_ms": first / accounts * 1000,
        "login_logout_cpu_ms": (cpu(system) - before) / (accounts * rounds) * 1000,
    }


def session(system: System, number: int) -> None:
    """One session."""
    imap = Imap(system.imap_port)
    imap.login(*system.login(number))
    imap.command("LOGOUT")
    imap.close()
