"""Arguments that are results of earlier calls (RFC 8620 §3.7).

``{"#ids": {"resultOf": "0", "name": "Foo/query", "path": "/ids"}}`` becomes ``{"ids": […]}``. A path is a JSON pointer (RFC 6901) in which
``*`` means every item of a list; what it leads to is bounded by ``limits.JMAP_REFERENCED``, and what all of a request lead to by a ``Budget``: an answer
that holds the one before it ten times, and so on, would be longer than any memory.
"""

from collections.abc import Sequence
from typing import Any, Final

from mailstead.model import limits

_PATH: Final = 1_000
_STEPS: Final = 30
_TOO_MANY: Final = "The reference leads to too many values"


class Unresolved(Exception):  # noqa: N818 - a fact about a reference
    """``invalidResultReference`` or ``invalidArguments``, as ``kind`` says."""

    def __init__(self, kind: str, description: str) -> None:
        super().__init__(description)
        self.kind = kind


class Budget:
    """What the references of one request may lead to together."""

    def __init__(self) -> None:
        self._values = limits.JMAP_REFERENCED_IN_ALL
        self._characters = limits.JMAP_REQUEST

    def take(self, value: Any) -> None:
        """Values within values count, and the characters of texts and names. Raises ``Unresolved``."""
        values = characters = 0
        waiting = [value]
        if isinstance(value, list) and {str} == set(map(type, value)):  # ids, as nearly always
            values, characters, waiting = len(value), sum(map(len, value)), []
        while waiting:
            one = waiting.pop()
            values += 1
            if isinstance(one, str):
                characters += len(one)
            elif isinstance(one, dict):
                waiting += one
                waiting += one.values()
            elif isinstance(one, list):
                waiting += one
            if values + len(waiting) > limits.JMAP_REFERENCED * 2:  # names of members are values here
                raise Unresolved("invalidResultReference", _TOO_MANY)
        self._values -= values
        self._characters -= characters
        if self._values < 0 or self._characters < 0:
            raise Unresolved("invalidResultReference", _TOO_MANY)


def resolved(arguments: dict[str, Any], responses: Sequence[tuple[str, dict[str, Any], str]], budget: Budget) -> dict[str, Any]:
    """The arguments with their references replaced. ``responses``: those so far. Raises ``Unresolved``."""
    for name in arguments:
        if name.startswith("#"):
            break
    else:
        return arguments
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        if not name.startswith("#"):
            found[name] = value
            continue
        if name[1:] in arguments:
            raise Unresolved("invalidArguments", f"{name[1:100]} is given twice, as itself and as a reference")
        found[name[1:]] = _result(value, responses)
        budget.take(found[name[1:]])
    return found


def _result(reference: Any, responses: Sequence[tuple[str, dict[str, Any], str]]) -> Any:
    if not isinstance(reference, dict):
        raise Unresolved("invalidResultReference", "A reference is an object")
    call, name, path = reference.get("resultOf"), reference.get("name"), reference.get("path")
    if not (isinstance(call, str) and isinstance(name, str) and isinstance(path, str)):
        raise Unresolved("invalidResultReference", "A reference has resultOf, name and path")
    for answered, result, ident in responses:
        if ident == call:
            if answered != name:
                raise Unresolved("invalidResultReference", f"The answer to {call[:50]} is {answered[:50]}, not {name[:50]}")
            return pointed(result, path)
    raise Unresolved("invalidResultReference", f"There is no answer to {call[:50]} yet")


def pointed(value: Any, path: str) -> Any:
    """What a path leads to. Raises ``Unresolved``."""
    if not path.startswith("/") and path:
        raise Unresolved("invalidResultReference", "A path begins with /")
    steps = path.split("/")[1:]
    if len(path) > _PATH or len(steps) > _STEPS:
        raise Unresolved("invalidResultReference", "The path is too long")
    budget = [limits.JMAP_REFERENCED]
    return _walk(value, [step.replace("~1", "/").replace("~0", "~") for step in steps], 0, budget)


def _walk(value: Any, steps: list[str], at: int, budget: list[int]) -> Any:
    while at < len(steps):
        step = steps[at]
        at += 1
        if isinstance(value, list):
            if step == "*":
                return _each(value, steps, at, budget)
            if not step.isdigit() or not step.isascii() or (len(step) > 1 and step[0] == "0") or int(step) >= len(value):
                raise Unresolved("invalidResultReference", "The path leads nowhere")
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            raise Unresolved("invalidResultReference", "The path leads nowhere")
    return value


def _each(items: list[Any], steps: list[str], at: int, budget: list[int]) -> list[Any]:
    """Every item; lists among the results are put one after another (RFC 8620 §3.7)."""
    found: list[Any] = []
    for item in items:
        budget[0] -= 1
        one = _walk(item, steps, at, budget)
        if isinstance(one, list):
            budget[0] -= len(one)
            found += one
        else:
            found.append(one)
        if budget[0] < 0:
            raise Unresolved("invalidResultReference", _TOO_MANY)
    return found
