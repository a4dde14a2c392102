"""What is not documented does not exist."""

from pathlib import Path

from click.testing import CliRunner

from mailstead.app.cli import COMMANDS, program
from mailstead.app.config import _READERS
from mailstead.service.queue.shaping import Rules

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


def test_the_table_of_providers_is_the_one_that_is_used() -> None:
    rules = Rules()
    lines = (ROOT / "docs/operate/queue.md").read_text().splitlines()
    shown = [[cell.strip() for cell in line.split(" | ")] for line in lines if line.startswith("| ")]
    bounds = [row for row in shown if len(row) == 5 and row[0].removeprefix("| ") in {"everybody else", *(rule.name for rule in rules.providers)} and row[2].isdigit()]
    assert [
        [f"| {rule.name or 'everybody else'}", ", ".join(f"`{pattern}`" for pattern in rule.mx), str(rule.connections), str(rule.messages), f"{rule.per_minute or 'no bound'} |"]
        for rule in (rules.default, *rules.providers)
    ] == bounds
    answers = [line for line in lines if line.startswith("| ") and line.count("`") == 2 and line.count(" | ") >= 4 and "min |" not in line.split("`")[0]]
    for answer in rules._answers:
        match = answer.match.pattern.replace("|", "\\|")
        assert any(line.startswith(f"| {answer.provider or 'anybody'} | `{match}` | {answer.meaning.word} |") for line in answers), match
