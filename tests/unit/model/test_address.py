"""Addresses as our directory knows them."""

import pytest

from mailstead.model.address import Address, domain_key, fold_local


@pytest.mark.parametrize(
    ("domain", "key"),
    [
        ("Example.ORG", "example.org"), ("example.org.", "example.org"), ("", ""), ("[192.0.2.1]", "[192.0.2.1]"),
        ("bücher.example", "xn--bcher-kva.example"), ("BÜCHER.example", "xn--bcher-kva.example"), ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),  # IDNA 2008: another name than strasse.example
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"), ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("☃.example", "xn--n3h.example"), ("ü" * 64 + ".example", "ü" * 64 + ".example"), ("ü..example", "ü..example"),
    ],
)  # fmt: skip
def test_a_domain_has_one_key(domain: str, key: str) -> None:
    assert key == domain_key(domain)


def test_a_local_part_is_compared_regardless_of_case_and_form() -> None:
    assert fold_local("Jörg") == fold_local("JO\u0308RG")
    assert "jörg@xn--bcher-kva.example" == Address("Jörg", "Bücher.example").key
    assert "postmaster@" == Address("Postmaster", "").key
