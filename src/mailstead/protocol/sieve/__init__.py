"""Sieve scripts read and judged (RFC 5228): from octets to tokens, to commands, to what the extensions allow. Nothing here runs one."""

from typing import Final

from mailstead.protocol.sieve.check import checked
from mailstead.protocol.sieve.errors import ScriptError
from mailstead.protocol.sieve.rules import CAPABILITIES
from mailstead.protocol.sieve.syntax import Command, parsed

__all__ = ("EXTENSIONS", "Command", "ScriptError", "script")

EXTENSIONS: Final = CAPABILITIES
"""What ``require`` may name."""


def script(octets: bytes) -> tuple[Command, ...]:
    """The commands of a script that is right in grammar, names, arguments and capabilities. Raises ``ScriptError``."""
    commands = parsed(octets)
    checked(commands)
    return commands
