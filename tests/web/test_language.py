"""The browser's wish, by weight; Spanish when it names none of ours."""

import pytest

from ui.web.language import accepted_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "es"),
        ("", "es"),
        ("de-DE,fr;q=0.9", "es"),
        ("en-GB,en;q=0.9", "en"),
        ("es-CL", "es"),
        ("en;q=0.3, es;q=0.8", "es"),
        ("de, en;q=0.7, es;q=0.7", "en"),
        ("en;q=oops, es;q=0.1", "es"),
        ("EN-us", "en"),
        (",;;q=,=", "es"),
        ("en" * 10_000, "es"),
    ],
)
def test_accept_language(header, language):
    assert accepted_language(header) == language
