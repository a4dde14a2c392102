"""How far long work has come, for whoever waits for it."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, of how much (0: not known)."""
