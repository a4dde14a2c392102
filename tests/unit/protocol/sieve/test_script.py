"""Scripts that are right, and what is said of those that are not, with line and column."""

import pytest

from mailstead.model import limits
from mailstead.protocol import sieve
from mailstead.protocol.sieve.syntax import parsed
from mailstead.protocol.sieve.tokens import Kind, tokens

LONG = b"""require ["fileinto", "envelope", "reject", "ereject", "vacation", "imap4flags", "relational", "subaddress", "copy", "variables",
  "body", "date", "index", "mailbox", "encoded-character", "comparator-i;ascii-numeric", "vacation-seconds"]; # all of them
/* a comment
   of two lines */
if anyof (header :contains ["Subject", "X-A"] "hello", not address :all :is "from" "a@example.test",
          size :over 100K, envelope :detail "to" "lists", exists "List-Id") {
    fileinto :copy :flags ["\\\\Seen", "x"] :create "Lists";
    if body :content ["text/plain"] :matches "*win*" { discard; } elsif true { keep :flags "y"; stop; } else { }
} elsif allof (header :count "ge" :comparator "i;ascii-numeric" "received" "3",
               date :index 1 :last :zone "+0100" "date" "hour" "9", currentdate :originalzone_no_such "x" "y") {
}
""".replace(b", currentdate :originalzone_no_such \"x\" \"y\"", b", currentdate :value \"lt\" \"iso8601\" \"2027\"") + b"""
set :lower :upperfirst "name" "${1} ${hex:41} ${unicode:20AC}";
if string :is "${name}" "x" { addflag "f" "\\\\Deleted"; removeflag "x"; setflag ["a", "b"]; }
if hasflag :contains ["f", "g"] "x" { redirect :copy "A B <a@example.test>"; redirect "${name}@example.test"; }
if mailboxexists ["A", "B"] { reject "no"; ereject text: # with a comment
..dots
.x
.
; }
vacation :seconds 1800 :subject "away" :from "a@example.test" :addresses ["a@example.test", "b@example.test"] :mime :handle "h" "text";
"""


def test_a_script_with_everything_is_right() -> None:
    assert ["require", "if", "elsif", "set", "if", "if", "if", "vacation"] == [one.head.word.text for one in sieve.script(LONG)]
    assert sieve.script(LONG.replace(b"\n", b"\r\n"))
    assert () == sieve.script(b"")
    assert () == sieve.script(b"# nothing")


def test_strings_and_numbers_have_their_values() -> None:
    found = list(tokens(b'"a\\"b\\\\c\\d" text:\r\n..dot\r\n.x\r\n.\r\n 12 3k 2M 1G :TaG Name "\xc3\xbc\n"'))
    assert ['a"b\\cd', ".dot\r\n.x\r\n", "\u00fc\n"] == [one.text for one in found if one.kind is Kind.STRING]
    assert [12, 3 << 10, 2 << 20, 1 << 30] == [one.number for one in found if one.kind is Kind.NUMBER]
    assert ["tag", "name"] == [one.text for one in found if one.kind in {Kind.TAG, Kind.WORD}]
    assert (6, 1) == (found[-1].line, found[-1].column - 1)


@pytest.mark.parametrize(("octets", "line", "column", "why"), [
    (b"keepme;", 1, 1, 'there is no command "keepme"'), (b"\n\n  keep", 3, 7, '";" or a block'), (b'keep "x";', 1, 6, "one argument too many"),
    (b'fileinto "x";', 1, 1, 'needs require "fileinto"'), (b'require "fileinto";\r\nfileinto;', 2, 1, "needs a string more"),
    (b'require ["fileinto", "none"];', 1, 22, "not known here"), (b'keep; require "fileinto";', 1, 7, "before every other"),
    (b'if true { require "copy"; }', 1, 11, "before every other"), (b"else { }", 1, 1, "follows"), (b"if true { } keep; elsif true { }", 1, 19, "follows"),
    (b"if keep { }", 1, 4, "a command, not a test"), (b"true;", 1, 1, "a test, not a command"), (b"if { }", 1, 1, "takes one test"),
    (b"if true, false { }", 1, 8, '";" or a block'), (b"if (true) { }", 1, 1, "without brackets"), (b"if allof true { }", 1, 4, "in brackets"),
    (b"if true;", 1, 1, "needs a block"), (b"keep { }", 1, 1, "has no block"), (b"if true { keep;", 1, 16, '"}" is missing'), (b"keep; }", 1, 7, "closes nothing"),
    (b"if size 3 { }", 1, 4, "needs one of :over, :under"), (b"if size :over :under 3 { }", 1, 15, "cannot stand beside"),
    (b'if size :over "3" { }', 1, 15, "takes a number"), (b'if header :count "ge" "a" "b" { }', 1, 11, "relational"),
    (b'require "relational"; if header :count "xx" "a" "b" { }', 1, 40, "no relation"), (b'if header :comparator "i;x" "a" "b" { }', 1, 23, "no comparator"),
    (b'if header :comparator "i;ascii-numeric" "a" "b" { }', 1, 23, "needs require"), (b'if header "a" :is "b" { }', 1, 15, "before the arguments"),
    (b'require "comparator-i;ascii-numeric"; if header :contains :comparator "i;ascii-numeric" "a" "b" { }', 1, 49, "i;ascii-numeric"),
    (b'if header :last "a" "b" { }', 1, 11, "index"), (b'require "index"; if header :last "a" "b" { }', 1, 28, "beside"), (b'if header "a b" "c" { }', 1, 11, "no name of"),
    (b'require "envelope"; if envelope "cc" "c" { }', 1, 33, "no part of the envelope"), (b'redirect "nobody";', 1, 10, "no address"),
    (b'redirect ["a@b"];', 1, 10, "takes a string here"), (b'redirect "a@b\r\nX: y";', 1, 10, "no address"),
    (b'require "date"; if date "date" "era" "1" { }', 1, 32, "no part of a date"), (b'require "date"; if date :zone "CET" "date" "hour" "1" { }', 1, 31, "no time zone"),
    (b'require "imap4flags"; addflag "f" "x";', 1, 31, "variables"), (b'require "variables"; set "1" "x";', 1, 26, "no name of a variable"),
    (b'require "variables"; set "${a}" "x";', 1, 26, "as it is"), (b'require "variables"; set :lower :upper "a" "x";', 1, 33, "cannot stand beside"),
    (b'require "vacation"; vacation :days 1 :seconds 2 "x";', 1, 38, "vacation-seconds"), (b'require "vacation"; vacation :days "1" "x";', 1, 36, "takes a number"),
    (b'require "vacation"; vacation :days;', 1, 30, "needs a number"), (b'require "encoded-character"; if header "a" "${unicode:D800}" { }', 1, 44, "no character"),
    (b'keep :wide "x";', 1, 6, "no argument"), (b'"open', 1, 1, "no end"), (b"/* open", 1, 1, "no end"), (b"redirect text:\nx\n", 1, 10, "no end"),
    (b"keep\n\xff;", 2, 1, "no UTF-8"), (b"keep\0;", 1, 5, "NUL"), (b"keep ?;", 1, 6, "no meaning"), (b"if size :over 99999999999999999999 { }", 1, 15, "too large"),
    (b"if size :over " + b"9" * 5_000 + b" { }", 1, 15, "too large"), (b"if size :over 9999999999G { }", 1, 15, "too large"), (b"if size :over 3x { }", 1, 15, "no meaning"),
    (b"keep [];", 1, 7, "a string is expected"), (b'require ["copy" "x"];', 1, 17, "is expected"), (b"; keep;", 1, 1, "a command is expected"),
])  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(octets: bytes, line: int, column: int, why: str) -> None:
    with pytest.raises(sieve.ScriptError) as found:
        sieve.script(octets)
    assert (line, column) == (found.value.line, found.value.column), found.value
    assert why in found.value.why
    assert f"line {line}, column {column}: " in str(found.value)


def test_a_script_is_bounded() -> None:
    deep = limits.SIEVE_NESTING
    assert sieve.script(b"if true {" * deep + b"}" * deep)
    assert sieve.script(b"if " + b"not " * (deep - 1) + b"true {}")
    for octets in (
        b"if true {" * (deep + 1) + b"}" * (deep + 1), b"if " + b"not " * deep + b"true {}", b"if " + b"allof(" * 5_000, b"if true {" * 5_000,
        b"stop;" * (limits.SIEVE_TOKENS // 2 + 1), b" " * (limits.SIEVE_SCRIPT + 1),
    ):  # fmt: skip
        with pytest.raises(sieve.ScriptError):
            sieve.script(octets)
    assert sieve.script(b" " * limits.SIEVE_SCRIPT) == ()


def test_the_tree_keeps_what_was_written() -> None:
    (one,) = parsed(b'if anyof(x :t 1 ["a", "b"], y) { z; }')
    assert ("if", True, ["x", "y"]) == (one.head.word.text, one.head.tests[0].in_brackets, [test.word.text for test in one.head.tests[0].tests])
    assert [False, False, True] == [argument.is_list for argument in one.head.tests[0].tests[0].arguments]
    assert one.block is not None
    assert "z" == one.block[0].head.word.text
