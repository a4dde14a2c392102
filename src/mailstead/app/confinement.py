"""Taking from a process what it does not need, for good: it reads what strangers send, and whoever takes it over should find nothing.

Each step is taken where the platform has it and left out where not; none can be undone. What is left out is told by what a function gives back.
Landlock and seccomp are Linux's (Documentation/userspace-api/landlock.rst, seccomp_filter.rst of its source); their numbers are written out here,
for Python has no names for them.
"""

import contextlib
import ctypes
import os
import platform
import resource
import ssl
import struct
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

NOBODY: Final = 65_534
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION: Final = 1
_BENEATH: Final = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_RIGHTS: Final = ((1, 13), (2, 14), (3, 15), (5, 16))
"""From which version of Landlock how many rights over files there are."""
_SCOPED: Final = 6
"""From this version: no signals and no abstract sockets to processes outside."""
_NET: Final = 4
_SYSTEM: Final = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/ca-certificates", "/usr/share/zoneinfo", "/etc/ssl", "/etc/pki",
    "/etc/ca-certificates", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf", "/etc/localtime", "/dev/null",
    "/dev/urandom",
)  # fmt: skip

_SYSCALLS: Final = {
    "x86_64": (0xC000003E, 41, (59, 322, 101, 310, 311, 425, 62, 200, 234, 129, 297, 424, 434)),
    "aarch64": (0xC00000B7, 198, (221, 281, 117, 270, 271, 425, 129, 130, 131, 138, 240, 424, 434)),
}
"""By machine: how it is named in a filter, ``socket``, and what is refused: execve, execveat, ptrace, process_vm_readv, process_vm_writev, io_uring_setup,
kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal, pidfd_open."""
_UNIX: Final = 1
_LOAD, _EQUAL, _ABOVE, _GIVE = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001
_OTHER_ABI: Final = 0x40000000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def bound(limits: Iterable[tuple[int, int]]) -> None:
    """Resource limits (``resource.RLIMIT_…``, most), never above those that hold."""
    for what, most in limits:
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def no_new_privileges() -> None:
    """Nothing that is started gains any (a set-user-id program)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def code() -> list[str]:
    """Where Python and its modules lie, as far as they are there."""
    places = [*sys.path, *(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib")), str(Path(sys.base_prefix, "lib"))]
    return [place for place in dict.fromkeys(places) if place and os.path.exists(place)]  # noqa: PTH110 - sys.path holds texts


def readable() -> list[str]:
    """What a program that speaks TLS reads: its code, libraries, authorities, where names are looked up."""
    paths = ssl.get_default_verify_paths()
    return [*code(), *_SYSTEM, *(path for path in (paths.cafile, paths.capath, paths.openssl_cafile, paths.openssl_capath) if path)]


def drop_root(needed: Sequence[str]) -> bool:
    """Become nobody, where this is root and nobody can read what is needed. Gives whether it was done."""
    if os.geteuid() != 0:
        return False
    os.seteuid(NOBODY)
    try:  # what cannot be looked at is no folder to ``isdir``, and cannot be read either
        can = all(os.access(place, os.R_OK | os.X_OK if os.path.isdir(place) else os.R_OK, effective_ids=True) for place in needed)  # noqa: PTH112
    finally:
        os.seteuid(0)
    if not can:
        return False
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    return True


def has_landlock() -> bool:
    return _landlock() > 0


def _landlock() -> int:
    """Its version; 0: there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(ctypes.CDLL(None).syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION))))


def only_read(places: Iterable[str]) -> bool:
    """From now on files are read at and below these places only, nothing is written, started or made anywhere; where Linux is new enough nobody outside is
    signalled either. ``no_new_privileges`` comes before. Gives whether Landlock was there to do it."""
    version = _landlock()
    if not version:
        return False
    libc = ctypes.CDLL(None)
    rights = max(count for since, count in _RIGHTS if since <= version)
    whole = struct.pack("=QQQ", (1 << rights) - 1, 0, 0b11 if version >= _SCOPED else 0)
    whole = whole[: 24 if version >= _SCOPED else 16 if version >= _NET else 8]
    rules = libc.syscall(_CREATE, whole, ctypes.c_size_t(len(whole)), ctypes.c_uint(0))
    if rules < 0:
        return False
    try:
        for place in places:
            with contextlib.suppress(OSError):  # what is not there needs no rule
                opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
                try:
                    right = _READ_FILE | (_READ_DIR if os.path.isdir(place) else 0)  # noqa: PTH112 - a text
                    libc.syscall(_ADD, rules, _BENEATH, struct.pack("=Qi", right, opened), ctypes.c_uint(0))
                finally:
                    os.close(opened)
        return bool(libc.syscall(_RESTRICT, rules, ctypes.c_uint(0)) == 0)
    finally:
        os.close(rules)


def only_network() -> bool:
    """From now on no program is started, no other process traced, signalled or called through a Unix socket. ``no_new_privileges`` comes before. Gives
    whether seccomp was there to do it."""
    known = _SYSCALLS.get(platform.machine()) if sys.platform == "linux" and sys.maxsize > 1 << 32 else None
    if known is None:
        return False
    machine, socket, refused = known
    at_refuse = 8 + len(refused)  # the last line; a jump counts the lines it leaves out
    lines = [
        (_LOAD, 0, 0, 4), (_EQUAL, 0, at_refuse - 2, machine), (_LOAD, 0, 0, 0), (_ABOVE, at_refuse - 4, 0, _OTHER_ABI),
        *((_EQUAL, at_refuse - 5 - n, 0, number) for n, number in enumerate(refused)),
        (_EQUAL, 0, 2, socket), (_LOAD, 0, 0, 16), (_EQUAL, 1, 0, _UNIX), (_GIVE, 0, 0, _ALLOW), (_GIVE, 0, 0, _REFUSE),
    ]  # fmt: skip
    octets = b"".join(struct.pack("=HBBI", *line) for line in lines)
    program = _Program(len(lines), octets)
    return bool(ctypes.CDLL(None).prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)
