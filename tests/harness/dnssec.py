"""A real authoritative server (nsd) with signed zones and a validating resolver (unbound) in front of it, both on loopback.

Each zone is text in master-file form without SOA and NS. ``signed``: its key is a trust anchor of the resolver; ``broken``: signed, but the anchor
is another zone's key, so that every answer is bogus; else it is unsigned and known to be.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.harness.server import free_ports

PROGRAMS = {"nsd": "nsd", "unbound": "unbound", "ldns-signzone": "ldnsutils", "ldns-keygen": "ldnsutils"}
_HEAD = "{zone}. 300 IN SOA ns.{zone}. admin.{zone}. 1 3600 600 86400 60\n{zone}. 300 IN NS ns.{zone}.\nns.{zone}. 300 IN A 127.0.0.1\n"


def missing() -> str:
    """The Debian packages that are not installed."""
    return " ".join(sorted({package for program, package in PROGRAMS.items() if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None}))


@contextmanager
def resolving(folder: Path, zones: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """``zones``: name to (records, ``signed``, ``broken`` or ``plain``). Gives the resolver's ``address:port``."""
    folder.chmod(0o755)
    authority, resolver = free_ports(2)
    anchors: list[str] = []
    blocks: list[str] = []
    for zone, (records, kind) in zones.items():
        path = folder / f"{zone}.zone"
        path.write_text(_HEAD.format(zone=zone) + records)
        if kind != "plain":
            path, anchor = _signed(folder, zone, path)
            anchors.append(anchor if kind == "signed" else _key(folder, zone)[1])
        blocks.append(f'zone:\n  name: "{zone}"\n  zonefile: "{path}"\n')
    (folder / "nsd.conf").write_text(
        f'server:\n  ip-address: 127.0.0.1@{authority}\n  username: ""\n  chroot: ""\n  zonesdir: "{folder}"\n  database: ""\n  pidfile: ""\n'
        f'  xfrdfile: "{folder}/xfrd"\n  zonelistfile: "{folder}/zones.list"\n  xfrdir: "{folder}"\n  hide-version: yes\n'
        f'remote-control:\n  control-enable: no\n' + "".join(blocks)
    )
    stubs = "".join(f'stub-zone:\n  name: "{zone}"\n  stub-addr: 127.0.0.1@{authority}\n' for zone in zones)
    plain = "".join(f'  domain-insecure: "{zone}"\n  local-zone: "{zone}" transparent\n' for zone, (_, kind) in zones.items() if kind == "plain")
    secure = "".join(f'  local-zone: "{zone}" transparent\n' for zone, (_, kind) in zones.items() if kind != "plain")
    trust = "".join(f'  trust-anchor: "{anchor}"\n' for anchor in anchors)
    (folder / "unbound.conf").write_text(
        f'server:\n  interface: 127.0.0.1\n  port: {resolver}\n  do-daemonize: no\n  username: ""\n  chroot: ""\n  directory: "{folder}"\n  pidfile: ""\n'
        f"  do-not-query-localhost: no\n  use-syslog: no\n  logfile: \"{folder}/unbound.log\"\n  module-config: \"validator iterator\"\n"
        f"  access-control: 127.0.0.0/8 allow\n  num-threads: 1\n  qname-minimisation: no\n{plain}{secure}{trust}"
        f"remote-control:\n  control-enable: no\n{stubs}"
    )
    with (folder / "dns.log").open("ab") as log:
        processes = [
            subprocess.Popen([_program("nsd"), "-d", "-c", str(folder / "nsd.conf")], stdout=log, stderr=log),
            subprocess.Popen([_program("unbound"), "-d", "-c", str(folder / "unbound.conf")], stdout=log, stderr=log),
        ]
    try:
        for port in (authority, resolver):
            _wait(port, processes, folder)
        yield f"127.0.0.1:{resolver}"
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=20)


def _program(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    assert found is not None
    return found


def _key(folder: Path, zone: str) -> tuple[str, str]:
    """(base name of a new signing key, its DNSKEY record)."""
    done = subprocess.run([_program("ldns-keygen"), "-k", "-a", "ECDSAP256SHA256", zone], cwd=folder, capture_output=True, text=True, check=True)
    base = done.stdout.strip()
    return base, (folder / f"{base}.key").read_text().split(";")[0].strip().replace("\t", " ")


def _signed(folder: Path, zone: str, path: Path) -> tuple[Path, str]:
    base, anchor = _key(folder, zone)
    subprocess.run([_program("ldns-signzone"), "-o", zone, str(path), base], cwd=folder, capture_output=True, check=True)
    return path.with_name(path.name + ".signed"), anchor


def _wait(port: int, processes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if any(process.poll() is not None for process in processes):
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError((folder / "dns.log").read_text()[-2000:])
