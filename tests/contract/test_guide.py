"""The pictures of the user guide are there, small, and all of them are shown."""

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
SHOWN = re.compile(r"!\[[^\]]+\]\((screens/[\w-]+\.png)\)")
MOST_BYTES = 150_000


def test_every_picture_is_there_is_small_and_is_shown():
    shown = set(SHOWN.findall((DOCS / "user-guide.md").read_text(encoding="utf-8")))
    kept = {f"screens/{path.name}" for path in (DOCS / "screens").glob("*.png")}
    assert shown == kept != set()
    for name in kept:
        content = (DOCS / name).read_bytes()
        assert content.startswith(b"\x89PNG") and len(content) <= MOST_BYTES
