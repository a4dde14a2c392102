"""What is not documented does not exist."""

from pathlib import Path

from click.testing import CliRunner

from mailstead.app.cli import COMMANDS, program
from mailstead.app.config import _READERS

ROOT = Path(__file__).parents[3]


def test_every_setting_is_documented_and_nothing_else() -> None:
    lines = (ROOT / "docs/operate/settings.md").read_text().splitlines()
    documented = {line.split("`")[1] for line in lines if line.startswith("| `")}
    assert {f"{section}.{key}" if section else key for section, key in _READERS} == documented


def test_every_command_has_help_with_an_example() -> None:
    runner = CliRunner()
    for name in COMMANDS:
        result = runner.invoke(program, [name, "--help"])
        assert 0 == result.exit_code, result.output
        assert "Example" in result.output, name
        command = program.get_command(None, name)  # type: ignore[arg-type]
        for inner in getattr(command, "commands", {}):
            result = runner.invoke(program, [name, inner, "--help"])
            assert 0 == result.exit_code
            assert "Example" in result.output, f"{name} {inner}"
