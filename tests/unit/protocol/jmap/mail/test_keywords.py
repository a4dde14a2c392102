"""Keywords and flags."""

from mailstead.protocol.jmap.mail.keywords import Names, flag_of, keyword_of


def test_system_flags_have_their_keywords() -> None:
    for keyword, flag in (("$seen", "\\Seen"), ("$DRAFT", "\\Draft"), ("$Forwarded", "$forwarded"), ("Work", "work")):
        assert flag == flag_of(keyword)
        assert keyword.lower() == keyword_of(flag)


def test_what_is_no_keyword() -> None:
    for wrong in ("", "a b", "\\Seen", "a(b", "ä", "x" * 256, "a%", 'a"', "a]", "a{", "a*"):
        assert flag_of(wrong) is None


def test_names_leave_out_deleted() -> None:
    names = Names({1: "\\Seen", 8: "\\Deleted", 1 << 16: "Work"})
    assert {"$seen": True, "work": True, "more": True} == names.keywords(1 | 8 | 1 << 16, ("More",))
    assert names.knows(9)
    assert not names.knows(2)
