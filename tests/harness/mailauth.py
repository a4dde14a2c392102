"""Answering the questions of ``mailauth`` from a table."""

from collections.abc import Generator, Mapping
from typing import Any, TypeVar

from mailstead.model.dns import Answer
from mailstead.model.question import LookUp

T = TypeVar("T")


def answered(exchange: Generator[tuple[LookUp, ...], Any, T], records: Mapping[str, Any], asked: list[str] | None = None) -> T:
    """Play ``exchange`` to its end. ``records``: names to one record, to a tuple of them, or to None for "could not be had"."""
    try:
        questions = next(exchange)
        while True:
            if asked is not None:
                asked += [question.name for question in questions]
            questions = exchange.send(tuple(_answer(question, records) for question in questions))
    except StopIteration as end:
        value: T = end.value
        return value


def _answer(question: LookUp, records: Mapping[str, Any]) -> Answer[Any] | None:
    if question.name not in records:
        return Answer(question.name, (), exists=False)
    found = records[question.name]
    if found is None:
        return None
    return Answer(question.name, found if isinstance(found, tuple) else (found,))
