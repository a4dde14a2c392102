"""Tags that nobody else can make."""

from mailstead.model.address import Address
from mailstead.model.ids import AccountId, SubmissionId
from mailstead.service.reports.tags import LASTS_DAYS, Tags, of_detail, tagged

NOW_S = 1_795_600_000
TAGS = Tags(b"secret")


def test_a_tag_is_read_back_and_proves_its_domain_only() -> None:
    text = TAGS.make(SubmissionId((1 << 63) - 5), AccountId(77), "there.example", NOW_S)
    assert len(text) <= 100
    for form in (text, text.upper()):
        tag = TAGS.read(form, NOW_S + LASTS_DAYS * 86_400)
        assert tag is not None
        assert ((1 << 63) - 5, 77) == (tag.submission_id, tag.account_id)
        assert TAGS.proves(tag, "There.Example")
        assert not TAGS.proves(tag, "else.example")
        assert not Tags(b"other").proves(tag, "there.example")


def test_old_and_changed_tags_are_worth_nothing() -> None:
    text = TAGS.make(SubmissionId(5), AccountId(7), "there.example", NOW_S)
    assert TAGS.read(text, NOW_S + (LASTS_DAYS + 1) * 86_400) is None
    assert TAGS.read(text, NOW_S - 86_400) is None, "from a day that is to come"
    for at in range(len(text)):
        changed = text[:at] + ("a" if text[at] != "a" else "b") + text[at + 1 :]
        tag = TAGS.read(changed, NOW_S)
        assert tag is None or not TAGS.proves(tag, "there.example"), at
    for strange in ("", text[:-1], text + "a", "x" * 56, "1" * 56, "ä" * 56):
        tag = TAGS.read(strange, NOW_S)
        assert tag is None or not TAGS.proves(tag, "there.example")


def test_a_tagged_reverse_path() -> None:
    text = TAGS.make(SubmissionId(5), AccountId(7), "there.example", NOW_S)
    path = tagged(Address("alice+news", "ours.example"), text)
    assert f"alice+r-{text}@ours.example" == str(path)
    assert text == of_detail(path.local)
    assert "" == of_detail("alice+news")
    long = Address("a" * 60, "ours.example")
    assert long == tagged(long, text)
