"""Those who listen hear of their account alone, and no more once they have stopped, also while they are being told."""

from typing import Any

from mailstead.model.ids import AccountId
from mailstead.store.queue import operations as queue
from mailstead.store.watching import Watching


def test_news_go_to_those_who_listen_to_the_account() -> None:
    watching = Watching()
    heard: list[Any] = []
    watching.account(AccountId(1), lambda account, modseq: heard.append(("one", account, modseq)))
    stop = watching.account(AccountId(1), lambda account, modseq: heard.append(("two", account, modseq)))
    watching.account(AccountId(2), lambda account, modseq: heard.append(("other", account, modseq)))
    watching.tell({1: 7})
    assert sorted(heard) == [("one", 1, 7), ("two", 1, 7)]
    heard.clear()
    stop()
    stop()
    watching.tell({1: 8, 3: 9})
    assert heard == [("one", 1, 8)]


def test_a_listener_may_stop_while_it_is_told() -> None:
    watching = Watching()
    heard: list[Any] = []

    def once(_account: AccountId, modseq: int) -> None:
        heard.append(modseq)
        stop()

    stop = watching.account(AccountId(1), once)
    watching.tell({1: 1})
    watching.tell({1: 2})
    assert heard == [1]


def test_the_queue_has_listeners_of_its_own() -> None:
    watching = Watching()
    heard: list[Any] = []
    watching.queue(heard.append)
    watching.account(AccountId(1), lambda *_: heard.append(None))
    watching.tell({queue.CAME: 0})
    watching.tell({queue.STEERED: 0})
    assert heard == [False, True]
