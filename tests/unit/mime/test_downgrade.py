"""Header blocks without UTF-8."""

from mailstead.mime.downgrade import header_to_ascii
from mailstead.mime.header import decode, first


def test_raw_utf8_becomes_encoded_words_and_the_rest_stays() -> None:
    block = "From: J\xf6rg <j@x.test>\r\nSubject: Gr\xfc\xdfe an\r\n alle\r\nTo: a@b\r\n\r\n".encode()
    found = header_to_ascii(block)
    assert found.isascii()
    assert "J\xf6rg <j@x.test>" == decode(first(found, b"from") or b"")
    assert "Gr\xfc\xdfe an alle" == decode(first(found, b"subject") or b"")
    assert found.endswith(b"To: a@b\r\n\r\n")


def test_an_ascii_block_is_handed_back_as_it_is() -> None:
    block = b"From: a\r\n\r\n"
    assert header_to_ascii(block) is block
