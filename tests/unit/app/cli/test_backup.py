"""``mailstead backup``, ``restore``, ``verify`` and ``keys``: a copy made while the server runs is a server of its own."""

import json
from pathlib import Path

from click.testing import CliRunner
from tests.harness.server import PASSWORD, Server
from tests.unit.app.cli.conftest import Site

from mailstead.app.cli import program


def alone(*words: str, data: Path) -> tuple[int, str]:
    done = CliRunner().invoke(program, [*words, "--data", str(data)])
    return done.exit_code, done.output


def test_a_backup_is_restored_with_its_keys_and_not_without(site: Site, tmp_path: Path) -> None:
    address = site.account("may")
    site.send(address, "to be kept")
    assert "keys are not" in site.said("backup", str(tmp_path / "noise"))
    assert "keys are not" not in site.said("backup", str(tmp_path / "whole"), "--with-keys")
    assert site.refused("backup", str(tmp_path / "whole"))
    code, said = alone("restore", str(tmp_path / "noise"), data=tmp_path / "restored")
    assert (1, True) == (code, "keys" in said)
    code, said = alone("restore", str(tmp_path / "noise"), "--keys", str(tmp_path / "whole"), data=tmp_path / "restored")
    assert 0 == code, said
    assert (0, "Nothing is wrong.\n") == alone("verify", data=tmp_path / "restored")
    code, said = alone("account", "list", "--json", data=tmp_path / "restored")
    assert address in {row["address"] for row in json.loads(said)}
    code, said = alone("export", address, str(tmp_path / "out"), data=tmp_path / "restored")
    assert (0, True) == (code, "1 messages" in said)
    assert "not empty" in alone("restore", str(tmp_path / "whole"), data=tmp_path / "restored")[1]


def test_a_new_master_key_opens_what_the_old_one_sealed(tmp_path: Path) -> None:
    with Server(tmp_path, workers=1).init().start() as server:
        site = Site(server)
        site.send("alice@example.test", "before")
        before = (server.data / "keys" / "master.key").read_bytes()
        assert "account keys are sealed by the new master key" in site.said("keys", "rotate")
        assert before != (server.data / "keys" / "master.key").read_bytes()
        site.send("alice@example.test", "after")
        server.stop()
        server.start()
        assert ["before", "after"] == site.subjects("alice@example.test")
        assert "Nothing is wrong.\n" == site.said("verify")
        assert site.login("bob@example.test", PASSWORD)
