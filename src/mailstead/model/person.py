"""People of a tenant, as others of it may know them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """``name`` may be empty; ``address`` is the account's primary one."""

    name: str
    address: str
