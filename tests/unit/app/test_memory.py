"""Large pieces go back to the system, whichever thread had them."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import hashlib, sys, threading
from mailstead.app import memory
from argon2.low_level import Type, hash_secret

def resident() -> int:
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS:")).split()[1])

assert memory.give_back()
before = resident()
def work() -> None:
    for _ in range(3):
        hash_secret(b"x", b"salt and more of it", 1, 19_456, 1, 32, Type.ID)
threads = [threading.Thread(target=work) for _ in range(4)]
[one.start() for one in threads]
[one.join() for one in threads]
print(resident() - before)
"""


def test_what_a_hash_took_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert int(done.stdout) < 10_000
