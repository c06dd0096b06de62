"""The company's logo: which files may be it, and which pictures are kept."""

import io
from datetime import datetime, timedelta

import pytest
from PIL import Image

from ml.store import logos
from ml.store.logo_files import JPEG, LARGEST_BYTES, LARGEST_PIXELS, PNG, SVG, LogoError, kind_of
from tests.people import quick_store

NOW = datetime(2026, 11, 2, 9)
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'


def picture(kind: str = "PNG", size: tuple[int, int] = (4, 3), colour: str = "#0B63B0") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, kind)
    return written.getvalue()


def drawing(inside: str = '<path d="M0 0h9"/>', head: str = HEAD, before: str = "") -> bytes:
    return f"{before}{head}{inside}</svg>".encode()


def test_a_picture_is_known_by_its_content():
    assert [kind_of(picture("PNG")), kind_of(picture("JPEG")), kind_of(drawing())] == [PNG, JPEG, SVG]


@pytest.mark.parametrize(
    "harmless",
    [
        '<defs><linearGradient id="a"/></defs><rect fill="url(#a)" style="fill:url( \'#a\' )"/>',
        '<use xlink:href="#a"/><image href="data:image/png;base64,AAAA"/>',
        "<style>.a{fill:url(#b)} <!-- a note --></style>",
        '<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about="http://x"/></metadata>',
    ],
)
def test_what_drawing_programs_write_is_accepted(harmless):
    assert kind_of(drawing(harmless, before='<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by hand -->\n')) == SVG
    assert kind_of(drawing(harmless, before='<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">')) == SVG


@pytest.mark.parametrize(
    "acting",
    [
        "<script>alert(1)</script>",
        '<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>',
        "<foreignObject/>",
        '<a href="#x"/>',
        '<set attributeName="href" to="javascript:alert(1)"/>',
        '<path onload="alert(1)"/>',
        '<image href="https://evil.example/x.png"/>',
        '<image href="//evil.example/x.png"/>',
        '<use xlink:href="file.svg#a"/>',
        '<image href="data:image/svg+xml;base64,AAAA"/>',
        '<rect fill="url(https://evil.example/#a)"/>',
        '<rect style="fill:u\\72l(https://evil.example)"/>',
        "<style>@import 'https://evil.example/x.css';</style>",
        "<style>.a{fill:u<!-- -->rl(//evil.example)}</style>",
        "<style><![CDATA[.a{fill:url('//evil.example')}]]></style>",
        "<style>.a{fill:&#117;rl(//evil.example)}</style>",
        "<?xml-stylesheet href='https://evil.example/x.css'?>",
    ],
)
def test_a_drawing_that_acts_or_fetches_is_refused(acting):
    with pytest.raises(LogoError) as refused:
        kind_of(drawing(acting))
    assert refused.value.code == "logo_unsafe"


def test_a_drawing_with_entities_of_its_own_is_refused():
    laughs = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    with pytest.raises(LogoError, match="declares the entity a"):
        kind_of(drawing("<text>&b;</text>", before=laughs))


@pytest.mark.parametrize(
    "broken",
    [
        b"", b"hello", b"GIF89a", picture()[:40], picture("JPEG")[:60], b"\x89PNG\r\n\x1a\n" + b"x" * 90, b"<html/>", drawing()[:-6],
        drawing(head="<svg>"), drawing().decode().encode("utf-16"), drawing(before="\xff").decode().encode("latin-1"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused(broken):
    with pytest.raises(LogoError) as refused:
        kind_of(broken)
    assert refused.value.code == "logo_unreadable"


def test_a_picture_that_is_too_large_is_refused():
    for large in (drawing("<!--" + "x" * LARGEST_BYTES + "-->"), picture(size=(LARGEST_PIXELS + 1, 1))):
        with pytest.raises(LogoError) as refused:
            kind_of(large)
        assert refused.value.code == "logo_large"
    assert kind_of(picture(size=(LARGEST_PIXELS, 1))) == PNG


def test_the_last_pictures_are_kept_for_the_way_back():
    with quick_store().begin() as conn:
        made = [picture(colour=f"#00000{number}") for number in range(logos.KEPT + 2)]
        kept = [logos.keep(conn, one, now=NOW + timedelta(hours=number), by="ana@example.com") for number, one in enumerate(made)]
        assert [logos.find(conn, digest) is not None for digest in kept] == [False] * 2 + [True] * logos.KEPT
        assert logos.find(conn, kept[-1]) == logos.Logo(PNG, made[-1])
        assert logos.keep(conn, made[2], now=NOW + timedelta(hours=99), by="ana@example.com") == kept[2]
        logos.keep(conn, drawing(), now=NOW + timedelta(hours=100), by="ana@example.com")
        assert logos.find(conn, kept[2]) is not None and logos.find(conn, kept[3]) is None


def test_a_refused_file_is_not_kept():
    with quick_store().begin() as conn, pytest.raises(LogoError):
        logos.keep(conn, b"hello", now=NOW, by="ana@example.com")
