import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstead.protocol.jmap.errors import RequestError
from mailstead.protocol.jmap.request import read, with_characters_only

CORE: dict[str, object] = {"urn:ietf:params:jmap:core": {}}
GOOD = b'{"using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {"a": [1]}, "0"]], "more": 1}'


def test_a_request_is_read() -> None:
    found = read(GOOD, CORE)
    assert [("Core/echo", {"a": [1]}, "0")] == found.method_calls
    assert found.created_ids is None


@pytest.mark.parametrize(("octets", "kind"), [
    (b"", "notJSON"), (b"{", "notJSON"), (b"\xff\xfe", "notJSON"), (b'{"using": ["\xc3"]}', "notJSON"), (b'{"using": [], "methodCalls": [["a", {"a": ' + b"[" * 100_000, "notJSON"), (b"[]", "notRequest"),
    (b"{}", "notRequest"), (b'{"using": [], "methodCalls": {}}', "notRequest"), (b'{"using": [1], "methodCalls": []}', "notRequest"),
    (b'{"using": [], "methodCalls": [["a", {}]]}', "notRequest"), (b'{"using": [], "methodCalls": [["a", [], "0"]]}', "notRequest"),
    (b'{"using": ["urn:x"], "methodCalls": []}', "unknownCapability"),
    (b'{"using": [], "using": [], "methodCalls": []}', "notJSON"), (b'{"using": [], "methodCalls": [["a", {"x": {"y": 1, "\\u0079": 2}}, "0"]]}', "notJSON"),
    *((b'{"using": [], "methodCalls": [["a", {"x": ["' + bad + b'"]}, "0"]]}', "notJSON")
      for bad in ("\ufdd0".encode(), "\uffff".encode(), "\U0001fffe".encode(), "\U0010ffff".encode(), b"\\uFDEF", b"\\ufffe", b"\\ud83f\\udfff", b"\\ud800")),
    (b'{"using": [], "methodCalls": [["a", {"\\uffff": 1}, "0"]]}', "notJSON"),
    (b'{"using": [], "methodCalls": [' + b",".join([b'["a", {}, "0"]'] * 33) + b"]}", "limit"),
])  # fmt: skip
def test_what_is_no_request(octets: bytes, kind: str) -> None:
    """RFC 8620 §3.6.1."""
    with pytest.raises(RequestError) as error:
        read(octets, CORE)
    problem = error.value.problem()
    assert f"urn:ietf:params:jmap:error:{kind}" == problem["type"]
    assert 400 == problem["status"]
    assert ("limit" in problem) == (kind == "limit")


def test_what_only_looks_like_a_noncharacter_is_read() -> None:
    said = {"a": ["\\uffff", "\ufffd\ufdcf\ufdf0\U0001fffd\U0001f600", "\\\\ufdd0"]}
    assert [("a", said, "0")] == read(json.dumps({"using": [], "methodCalls": [["a", said, "0"]]}).encode(), CORE).method_calls
    assert [("a", said, "0")] == read(json.dumps({"using": [], "methodCalls": [["a", said, "0"]]}, ensure_ascii=False).encode(), CORE).method_calls


@given(st.text())
def test_what_is_answered_holds_characters_only(text: str) -> None:
    found = with_characters_only(json.dumps(text + "\uffff\ufdd0", ensure_ascii=False).encode()).decode()
    assert found.endswith('\ufffd\ufffd"')
    assert not any(ord(c) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(c) <= 0xFDEF for c in found)


_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=3)
_VALUES = st.recursive(
    st.none() | st.integers(-(1 << 53), 1 << 53) | st.text('":,{\\\n é', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('":\\ab', max_size=3), inner, max_size=3), max_leaves=20)


@given(st.dictionaries(_TEXTS, _VALUES, max_size=4))
def test_what_says_each_thing_once_is_read(arguments: dict[str, object]) -> None:
    """Colons and quotes in texts are no members."""
    found = read(json.dumps({"using": [], "methodCalls": [["a", arguments, "0"]]}).encode(), CORE)
    assert [("a", arguments, "0")] == found.method_calls


@given(st.binary(max_size=200))
def test_any_octets_are_a_request_or_an_error(octets: bytes) -> None:
    for whole in (octets, GOOD[:40] + octets + GOOD[40:]):
        try:
            read(whole, CORE)
        except RequestError:
            pass
