"""How much longer this machine takes than the one on which the goals were set.

When the libraries were chosen, some of their work was measured there; it is the same work here, in the same versions, so the quotient says what a goal of one
millisecond means on this machine. Machines that are let by the hour differ by a factor of four, and one of them from hour to hour.
"""

import hashlib
import statistics
import time
from collections.abc import Callable
from typing import Final

import argon2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from tests.harness.server import cpu_seconds

from bench.bare import Bare

THERE_US: Final = {
    "sha256_50k": 27.0, "rsa_sign": 243.0, "rsa_verify": 18.0, "ed25519_sign": 22.0, "ed25519_verify": 69.0, "argon2": 22_000.0, "uvicorn_reply": 48.0,
}
"""Microseconds of CPU on the machine of the goals: SHA-256 of 50 KB, RSA-2048, Ed25519, argon2id with 19 MiB twice, a JSON reply of Uvicorn (there with
Starlette above it, so what is measured here is less work)."""
_TURNS: Final = 5


def _each_us(work: Callable[[], object], times: int, cpu_s: Callable[[], float] = time.thread_time) -> float:
    """CPU each time, the median of some turns; ``cpu_s`` tells whose, and it is this thread's otherwise."""
    work()
    turns = []
    for _ in range(_TURNS):
        started = cpu_s()
        for _ in range(times):
            work()
        turns.append((cpu_s() - started) / times * 1e6)
    return statistics.median(turns)


def _reply_us() -> float:
    """CPU of a bare Uvicorn for each reply."""
    with Bare() as bare:
        return _each_us(bare.ask, 2_000, lambda: cpu_seconds([bare.pid]))


def measure() -> dict[str, float]:
    """By name what each takes here, as a multiple of what it took there; ``median`` of them all."""
    octets, message = b"x" * 50_000, b"a message"
    rsa_key, ed_key = rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()
    rsa_signed = rsa_key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    ed_signed = ed_key.sign(message)
    hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    hashed = hasher.hash("a password")
    here_us = {
        "sha256_50k": _each_us(lambda: hashlib.sha256(octets).digest(), 200),
        "rsa_sign": _each_us(lambda: rsa_key.sign(message, padding.PKCS1v15(), hashes.SHA256()), 50),
        "rsa_verify": _each_us(lambda: rsa_key.public_key().verify(rsa_signed, message, padding.PKCS1v15(), hashes.SHA256()), 200),
        "ed25519_sign": _each_us(lambda: ed_key.sign(message), 200),
        "ed25519_verify": _each_us(lambda: ed_key.public_key().verify(ed_signed, message), 100),
        "argon2": _each_us(lambda: hasher.verify(hashed, "a password"), 3),
        "uvicorn_reply": _reply_us(),
    }
    times = {name: here / THERE_US[name] for name, here in here_us.items()}
    return {"median": statistics.median(times.values()), **times}
