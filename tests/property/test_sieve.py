"""Scripts of any make: what is written from a tree is read as that tree, and any octets are a script or are refused with a place."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz import sieve as target

from mailstead.protocol.sieve.syntax import Clause, Command, parsed

NAMES = st.sampled_from(("a", "_", "x_1", "if", "header", "text_", "texts", "not", "k2"))
STRINGS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12)
WORDS = ("if", "elsif", "else", "true", "not", "anyof", "header", "keep", "require", '"copy"', '"a"', ":is", ":copy", "12", "3K", "[", "]", "(", ")", "{", "}", ",", ";", "\n", "# c\n", "/* c */",
         "text:\na\n.\n")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


ARGUMENTS = st.one_of(
    NAMES.map(lambda name: ":" + name), st.integers(0, 1 << 31).map(str), STRINGS.map(_quoted),
    st.lists(STRINGS, min_size=1, max_size=3).map(lambda texts: "[" + ", ".join(map(_quoted, texts)) + "]"))
LEAVES = st.tuples(NAMES, st.lists(ARGUMENTS, max_size=3), st.just(()))
TESTS = st.recursive(LEAVES, lambda inner: st.tuples(NAMES, st.lists(ARGUMENTS, max_size=2), st.lists(inner, min_size=1, max_size=3).map(tuple)), max_leaves=4)
SCRIPTS = st.lists(st.recursive(
    st.tuples(TESTS, st.none()), lambda inner: st.tuples(TESTS, st.lists(inner, max_size=3)), max_leaves=4), max_size=3)


def _test(tree: tuple) -> str:  # type: ignore[type-arg]
    name, arguments, tests = tree
    return " ".join((name, *arguments)) + (" (" + " , ".join(map(_test, tests)) + ")" if tests else "")


def _script(trees: list) -> str:  # type: ignore[type-arg]
    return "\r\n".join(_test(test) + (";" if block is None else " {" + _script(block) + "}") for test, block in trees)


def _shown(test: Clause) -> tuple:  # type: ignore[type-arg]
    arguments = []
    for one in test.arguments:
        texts = ", ".join(_quoted(each.text) for each in one.strings)
        arguments.append(f"[{texts}]" if one.is_list else texts if one.strings else ":" + one.token.text if one.is_tag else one.token.text)
    return test.word.text, arguments, tuple(map(_shown, test.tests))


def _trees(commands: tuple[Command, ...]) -> list:  # type: ignore[type-arg]
    return [(_shown(one.head), None if one.block is None else _trees(one.block)) for one in commands]


@settings(max_examples=60)
@given(SCRIPTS)
def test_what_is_written_is_read(trees: list) -> None:  # type: ignore[type-arg]
    assert trees == _trees(parsed(_script(trees).encode()))


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=60), st.lists(st.sampled_from(WORDS), max_size=30).map(lambda words: " ".join(words).encode())))
def test_anything_is_a_script_or_refused(octets: bytes) -> None:
    target.one(octets)
