"""When two spellings are the same website, mailbox or name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprospect.server.feed.rows.identity import (
    ascii_domain,
    bare_email,
    email_domain,
    email_key,
    fold,
    name_key,
    website_key,
)


@pytest.mark.parametrize(
    "website_url",
    [
        "https://www.Grandhotel-Berlin.de",
        "http://grandhotel-berlin.de:8080/rooms?x=http://other.example",
        "grandhotel-berlin.de",
        "//www.grandhotel-berlin.de./",
        "HTTPS://WWW.GRANDHOTEL-BERLIN.DE#top",
    ],
)
def test_spellings_of_one_website_share_their_host(website_url: str) -> None:
    assert website_key(website_url) == "grandhotel-berlin.de"


def test_a_host_in_unicode_and_in_ascii_is_the_same() -> None:
    assert website_key("https://www.Bücher.example/") == website_key("xn--bcher-kva.example") == "xn--bcher-kva.example"


@pytest.mark.parametrize("website_url", [None, "", "n a", "info@example.com", "javascript:alert(1)", "ftp://example.com"])
def test_what_is_no_web_address_has_no_host(website_url: str | None) -> None:
    assert website_key(website_url) is None


@pytest.mark.parametrize(
    ("website_url", "key"),
    [
        ("https://www.linkedin.com/company/Adler-GmbH/about/?trk=x", "linkedin.com/company/adler-gmbh"),
        ("http://uk.linkedin.com/company/adler%2Dgmbh", "linkedin.com/company/adler-gmbh"),
        ("linkedin.com/sales/company/4711?x", "linkedin.com/sales/company/4711"),
        ("https://www.linkedin.com/feed/", None),
        ("m.facebook.com/hotel.adler/photos", "facebook.com/hotel.adler"),
        ("https://facebook.com/profile.php?id=100&ref=x", "facebook.com/profile.php?id=100"),
        ("facebook.com/pages/Adler/123/", "facebook.com/pages/adler/123"),
        ("https://facebook.com", None),
        ("https://www.xing.com/pages/adler#news", "xing.com/pages/adler"),
        ("https://instagram.com/adler/", "instagram.com/adler"),
        ("https://youtube.com/@adler/videos", "youtube.com/@adler"),
        ("https://blog.github.com/adler", "blog.github.com"),
        ("https://notlinkedin.com/company/adler", "notlinkedin.com"),
    ],
)
def test_on_a_site_that_companies_share_one_is_known_by_its_page_alone(website_url: str, key: str | None) -> None:
    assert website_key(website_url) == key


def test_a_site_that_is_called_www_keeps_its_name() -> None:
    assert website_key("https://www.de") == "www.de"


@pytest.mark.parametrize(
    "domain", ["a..b", "-a.de", "a-.de", ".de", "a b.de", "1.5", "256.0.0.1", "i❤.ws", "x" * 64 + ".de", "a." * 130 + "de", ""]
)
def test_what_cannot_be_a_domain_is_none(domain: str) -> None:
    assert ascii_domain(domain) is None


@pytest.mark.parametrize(
    ("domain", "expected"), [("192.168.0.1", "192.168.0.1"), ("My_Host.example.", "my_host.example"), ("x。de", "x.de")]
)
def test_a_domain_has_one_spelling(domain: str, expected: str) -> None:
    assert ascii_domain(domain) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("M.Schmidt@Example.com", " m.schmidt@example.COM "),
        ("mailto:m@example.com", "m@example.com"),
        ("MAILTO: m@example.com?subject=Hello", "m@example.com"),
        ("mailto:m%2Bnews@example.com", "m+news@example.com"),
        ("Ä@Bücher.example", "ä@xn--bcher-kva.example"),
        ("u\u0308ber@example.com", "über@example.com"),
        ("STRASSE@example.com", "straße@example.com"),
    ],
)
def test_spellings_of_one_mailbox_share_their_key(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("m+a@example.com", "m@example.com"), ("m.s@example.com", "ms@example.com"), ("m@a.example", "m@b.example")]
)
def test_tags_and_dots_keep_mailboxes_apart(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


def test_the_domain_of_a_key_is_its_ascii_form() -> None:
    assert email_domain(email_key("x@Bücher.example")) == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Maria", "Schmidt"), ("MARIA ", " schmidt")),
        (("Maria Anna", "Schmidt"), ("Maria", "Anna\u00a0Schmidt")),
        (("Jürgen", None), ("Ju\u0308rgen", None)),
    ],
)
def test_spellings_of_one_name_share_their_key(one: tuple[str | None, str | None], other: tuple[str | None, str | None]) -> None:
    assert name_key(*one) == name_key(*other)


def test_nobody_has_an_empty_name() -> None:
    assert name_key(None, None) == name_key("", " ") == ""


def test_a_company_name_ignores_case_width_and_blanks() -> None:
    assert fold("\uff27rand  Hotel GROSS") == fold("grand hotel groß")


@given(st.text())
def test_keys_of_any_text_are_found_without_an_exception(text: str) -> None:
    website_key(text)
    email_key(text)
    name_key(text, text)


@given(st.text(), st.text())
def test_keys_of_names_are_stable(first: str, last: str) -> None:
    assert name_key(name_key(first, last), None) == name_key(first, last)


@given(st.emails())
def test_an_address_in_other_case_is_the_same_mailbox(email: str) -> None:
    assert email_key(email.upper()) == email_key(email) == email_key(email_key(email))


@given(st.emails())
def test_an_address_in_a_link_is_the_address(email: str) -> None:
    assert bare_email(f"  mailto:{email.replace('%', '%25').replace('?', '%3F')}?subject=x ") == email
