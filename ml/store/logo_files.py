"""What a company's logo may be: a small PNG, JPEG or SVG picture, known by its content and never by its name.

A drawing (SVG) is a document that can hold scripts and fetch from elsewhere: one that does either is refused, not repaired.
"""

import io
import re
import warnings
from typing import Any
from xml.parsers import expat

from ml.store.refused import Refused

LARGEST_BYTES = 200_000
LARGEST_PIXELS = 4_000  # of each side
PNG, JPEG, SVG = "image/png", "image/jpeg", "image/svg+xml"
STARTS = {PNG: b"\x89PNG\r\n\x1a\n", JPEG: b"\xff\xd8\xff"}
SPACE = "http://www.w3.org/2000/svg"
DRAWING = frozenset({
    "svg", "g", "defs", "symbol", "use", "title", "desc", "metadata", "style", "switch", "path", "rect", "circle", "ellipse", "line",
    "polyline", "polygon", "text", "tspan", "textPath", "linearGradient", "radialGradient", "stop", "pattern", "clipPath", "mask",
    "marker", "image", "filter", "feBlend", "feColorMatrix", "feComponentTransfer", "feComposite", "feFlood", "feFuncA", "feFuncB",
    "feFuncG", "feFuncR", "feGaussianBlur", "feMerge", "feMergeNode", "feMorphology", "feOffset", "feDropShadow",
})  # fmt: skip
ACTING_SPACES = ("http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML")  # what a browser would not take as mere notes
HELD = re.compile(r"#|data:image/(png|jpeg);base64,", re.IGNORECASE)
FETCHES = re.compile(r"@import|javascript:|\\|url\(\s*[\"']?\s*(?!#|data:image/(?:png|jpeg);base64,|[\"'\s])", re.IGNORECASE)


class LogoError(Refused):
    """A file cannot be the logo; the sentence says why, `code` names the reason."""


def kind_of(content: bytes) -> str:
    """The media type of a file that may be the logo. Raises LogoError for one that is too large, broken, of another kind, or not safe."""
    if len(content) > LARGEST_BYTES:
        raise LogoError(f"The file has {len(content)} bytes; a logo has at most {LARGEST_BYTES}.", "logo_large")
    for kind, start in STARTS.items():
        if content.startswith(start):
            _check_pixels(content, kind)
            return kind
    _check_drawing(content)
    return SVG


def _check_pixels(content: bytes, kind: str) -> None:
    """Raises LogoError for a picture that does not decode, or is far larger than a logo."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=[kind.rpartition("/")[2].upper()])
            if max(picture.size) > LARGEST_PIXELS:
                raise LogoError(f"The picture is {picture.size} pixels large; a side has at most {LARGEST_PIXELS}.", "logo_large")
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        if isinstance(error, LogoError):
            raise
        raise LogoError(f"The picture cannot be read: {error}.", "logo_unreadable") from None


def _check_drawing(content: bytes) -> None:
    """Raises LogoError for what is no SVG in UTF-8, or one with a script or something from elsewhere."""
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    looked = _Looked()
    parser.buffer_text = True
    parser.StartElementHandler = looked.begins
    parser.EndElementHandler = looked.ends
    parser.CharacterDataHandler = looked.says
    parser.ProcessingInstructionHandler = looked.instructs
    parser.EntityDeclHandler = looked.declares
    try:
        content.decode("utf-8")
        parser.Parse(content, True)
    except (UnicodeDecodeError, expat.ExpatError) as error:
        raise LogoError(f"The file is no PNG, JPEG or SVG picture: {error}.", "logo_unreadable") from None
    looked.styles("".join(looked.style))


class _Looked:
    """One walk through a drawing, with all that a style in it says."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.style: list[str] = []

    def begins(self, name: str, values: dict[str, str]) -> None:
        """An element: of a drawing, or a note of the program that made it, which no browser draws."""
        space, _, local = name.rpartition(" ")
        if not self.open and (space, local) != (SPACE, "svg"):
            raise LogoError(f"The file begins with <{local}>; a drawing begins with <svg> of the namespace {SPACE}.", "logo_unreadable")
        if space in ACTING_SPACES or (space in (SPACE, "") and local not in DRAWING):
            raise LogoError(f"The drawing holds <{local}>, which a logo does not need.", "logo_unsafe")
        self.open.append(local)
        for key, value in values.items():
            self._attribute(key.rpartition(" ")[2], value)

    def ends(self, _name: str) -> None:
        """The element is over."""
        self.open.pop()

    def says(self, text: str) -> None:
        """Words; those of a style are looked at together at the end, since comments may stand between them."""
        if "style" in self.open:
            self.style.append(text)

    def instructs(self, target: str, _data: str) -> None:
        """A processing instruction, such as a style sheet from elsewhere."""
        raise LogoError(f"The drawing holds the instruction <?{target}?>.", "logo_unsafe")

    def declares(self, name: str, *_rest: Any) -> None:
        """An entity of its own, by which a small file can grow without end or bring in another one."""
        raise LogoError(f"The drawing declares the entity {name}.", "logo_unsafe")

    def styles(self, text: str) -> None:
        """Raises LogoError for a style that fetches, or hides what it says behind escapes."""
        if FETCHES.search(text):
            raise LogoError("The drawing's style brings in something from elsewhere.", "logo_unsafe")

    def _attribute(self, name: str, value: str) -> None:
        if name.lower().startswith("on"):
            raise LogoError(f"The drawing runs something: {name}.", "logo_unsafe")
        if name.lower() in ("href", "src") and not HELD.match(value.strip()):
            raise LogoError(f"The drawing brings in {value[:80]!r} from elsewhere.", "logo_unsafe")
        self.styles(value)
