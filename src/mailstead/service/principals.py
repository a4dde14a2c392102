"""Whom one may know of: the people of one's own tenant (docs/decisions/0077)."""

from dataclasses import dataclass

from mailstead.model.email import Position
from mailstead.model.ids import AccountId
from mailstead.model.object import ObjectStates
from mailstead.model.person import Person
from mailstead.store.interface import Directory


@dataclass(frozen=True, slots=True)
class People:
    """``states``: who ever was there, by the last change; ``there``: who is."""

    states: ObjectStates
    there: dict[int, Person]


class Principals:
    """One for the process. ``are_shown`` False: everyone sees oneself alone, as in a tenant of more than ``limits.PEOPLE`` accounts."""

    def __init__(self, directory: Directory, *, are_shown: bool = True) -> None:
        self._directory = directory
        self._are_shown = are_shown

    async def seen_by(self, account: AccountId) -> People:
        """Nobody where there is no such account."""
        own = await self._directory.account(account)
        if own is None:
            return People(ObjectStates(Position(0, 0), ()), {})
        states, there = await self._directory.people(own.tenant_id)
        if self._are_shown and account in there:
            return People(ObjectStates(_of_mode(states.state, is_alone=False), states.objects), there)
        return await self._alone(account, states)

    async def _alone(self, account: AccountId, states: ObjectStates) -> People:
        found = await self._directory.person(account)
        if found is None:
            return People(ObjectStates(_of_mode(Position(0, 0), is_alone=True), ()), {})
        record, person = found
        state = _of_mode(Position(states.state.epoch, record.modseq), is_alone=True)
        return People(ObjectStates(state, (record,)), {} if person is None else {account: person})


def _of_mode(state: Position, *, is_alone: bool) -> Position:
    """A state of the one way to see is none of the other: ``cannotCalculateChanges`` once, when a tenant grows beyond the bound."""
    return Position(state.epoch * 2 + is_alone, state.modseq)
