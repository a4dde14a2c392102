"""The values of the parameters about notices (RFC 3461 §4)."""

from collections.abc import Callable

import pytest

from mailstead.model.errors import Violation
from mailstead.protocol.smtp import dsn


def test_what_an_author_may_say() -> None:
    assert "HDRS" == dsn.ret("hdrs")
    assert "QQ 314" == dsn.envid("QQ 314")
    assert frozenset({"SUCCESS", "FAILURE"}) == dsn.notify("success,FAILURE")
    assert "rfc822;bob+x@there.example" == dsn.orcpt("rfc822;bob+x@there.example")
    assert "utf-8;jörg@there.example" == dsn.orcpt("utf-8;jörg@there.example")


@pytest.mark.parametrize(("read", "value"), [
    (dsn.ret, ""), (dsn.ret, "ALL"), (dsn.envid, ""), (dsn.envid, "ä"), (dsn.envid, "a\r\nb"), (dsn.envid, "a" * 101), (dsn.envid, "+" * 34), (dsn.notify, ""),
    (dsn.notify, "NEVER,FAILURE"), (dsn.notify, "ALWAYS"), (dsn.orcpt, "bob@there.example"), (dsn.orcpt, ";x"), (dsn.orcpt, "a b;x"), (dsn.orcpt, "rfc822;a\r\nb"),
    (dsn.orcpt, "rfc822;" + "a" * 494), (dsn.orcpt, "utf-8;" + "ä" * 90),
])  # fmt: skip
def test_what_no_server_would_take(read: Callable[[str], object], value: str) -> None:
    with pytest.raises(Violation):
        read(value)
