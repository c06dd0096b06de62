"""`python -m tests.web.guide_pictures HOME [FOLDER]`: the pictures of docs/user-guide.md, small, of a trained demo company under HOME.

Make one first, with INSIGHTS_HOME, INSIGHTS_SECRET_KEY and INSIGHTS_ADMIN_PASSWORD (PASSWORD of tests/people.py): `python -m ml prepare`.
Every screen wide, three on a phone and one in dark, in Spanish.
"""

import io
import sys
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from PIL import Image

from ml.clock import utc_now
from ml.jobs.watch import write_heartbeat
from ml.settings import load_settings
from ml.store.schema import customer_facts
from tests.people import PASSWORD
from tests.web.screenshots import browser, settle
from tests.web.served import Served, serve
from ui.registry import HOME, PAGES

SCREENS = Path(__file__).resolve().parents[2] / "docs" / "screens"
WIDE, PHONE = (1440, 1000), (375, 760)
SHOWN = {1440: 960, 375: 300}  # pixels of a picture in the guide, by those of the window
COLOURS = 220
ON_A_PHONE = ("overview", "churn", "next_orders")
IN_THE_DARK = ("demand",)
GUIDE = "guide"


def main(home: str, folder: str = str(SCREENS)) -> int:
    """Write the pictures as <screen>.png, <screen>-phone.png, <screen>-dark.png."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    values = load_settings(None, home=Path(home))
    app = serve(Path(home), INSIGHTS_SECRET_KEY=values.secret_key.get_secret_value() if values.secret_key else "")
    try:
        write_heartbeat(app.store, GUIDE, values.timezone, utc_now() + timedelta(hours=1))
        everything = [page.name for page in PAGES]
        _take(app, target, everything, WIDE, "", dark=False)
        _take(app, target, ON_A_PHONE, PHONE, "-phone", dark=False)
        _take(app, target, IN_THE_DARK, WIDE, "-dark", dark=True)
    finally:
        app.stop()
        app.store.dispose()
    return 0


def _take(app: Served, target: Path, names, size: tuple[int, int], ending: str, *, dark: bool) -> None:
    width, height = size
    with browser(app.url, "admin@example.com", PASSWORD, width=width, dark=dark, language="es") as (page, _):
        page.set_viewport_size({"width": width, "height": height})
        for name in names:
            page.goto(f"{app.url}/{'' if name == HOME else name}{_of_whom(app, name)}")
            settle(page)
            page.wait_for_timeout(1_000)
            (target / f"{name}{ending}.png").write_bytes(small(page.screenshot(), SHOWN[width]))


def _of_whom(app: Served, name: str) -> str:
    """The Customer screen shows the one who buys most."""
    if name != "customer":
        return ""
    facts = customer_facts.c
    with app.store.connect() as connection:
        return "?customer=" + str(connection.execute(sa.select(facts.customer_id).order_by(facts.spend_365.desc()).limit(1)).scalar_one())


def small(picture: bytes, width: int) -> bytes:
    """A PNG scaled to `width` pixels, with few colours."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    scaled = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    scaled.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
