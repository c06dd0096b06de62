"""`python -m tests.web.screenshots URL EMAIL PASSWORD FOLDER`: a picture of every screen in both languages and modes, wide and narrow.

Says on the way what a person would stumble over: errors on the screen, requests to other servers, a page wider than the window.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

from ui.registry import HOME, PAGES

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
WIDTHS = (1440, 375)
PHONE_PIXELS = 640
PHONE_AGENT = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
HEIGHT = 900
QUIET_MS, PATIENCE_MS, REFLOW_MS, LONGEST = 300, 15_000, 2_000, 160
ERRORS = "[data-testid=stAlertContentError], [data-testid=stException], [role=dialog]:has-text('onnection'), .modal-error"
DRAWN = """quiet => {
  const shown = '[data-testid=stMain] :is(h1, [data-testid=stHeading], [data-testid=stAlert])';
  const drawn = document.querySelector(shown) && !document.querySelector('[data-testid=stSkeleton]')
    && document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]');
  if (!drawn) { window.drawnSince = null; return false; }
  window.drawnSince ??= performance.now();
  return performance.now() - window.drawnSince > quiet;
}"""
WIDER = """Math.max(...[document.documentElement, document.querySelector('[data-testid=stMain]')]
  .map(one => one ? one.scrollWidth - one.clientWidth : 0))"""
UNFINISHED = "[data-testid=stSkeleton], [data-testid=stApp]:not([data-test-script-state=notRunning])"


@contextmanager
def browser(url: str, email: str, password: str, *, width: int, dark: bool, language: str) -> Iterator[tuple[Page, list[str]]]:
    """A signed-in page, and the addresses outside its origin that it asked for."""
    with sync_playwright() as play, tempfile.TemporaryDirectory() as profile:
        context = play.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=ARGUMENTS, viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if dark else "light", locale="es-CL" if language == "es" else "en-GB",
            user_agent=PHONE_AGENT if width <= PHONE_PIXELS else None,
        )  # fmt: skip
        page, foreign = context.new_page(), []
        host = urlsplit(url).netloc
        page.on("request", lambda request: foreign.append(request.url) if _is_foreign(request.url, host) else None)
        page.goto(f"{url}/login")
        page.fill("[name=email]", email)
        page.fill("[name=password]", password)
        page.press("[name=password]", "Enter")
        page.wait_for_selector("h1")
        yield page, foreign
        context.close()


def settle(page: Page) -> None:
    """Wait until the screen has been drawn and then rests for a moment. One that never is stays as it is: `errors_on` says so."""
    with suppress(TooLate):
        page.wait_for_function(DRAWN, arg=QUIET_MS, polling=50, timeout=PATIENCE_MS)


def switch(page: Page, title: str) -> None:
    """Go to a screen by its link in the navigation, as people do, and wait until it is drawn."""
    _follow(page, page.get_by_test_id("stSidebarNavLink").filter(has_text=title).first)


def switch_aside(page: Page, name: str) -> None:
    """Go to a screen that the navigation does not list by its link below it."""
    _follow(page, page.get_by_test_id("stSidebar").locator(f"[data-testid=stPageLink] a[href$='{name}']").first)


def _follow(page: Page, link: Locator) -> None:
    link.click()
    page.wait_for_timeout(QUIET_MS)
    settle(page)


def picture(page: Page, target: Path) -> list[str]:
    """Take the whole page, and say what is wrong with it."""
    scroll = "document.querySelector('[data-testid=stMain]')"
    height = page.evaluate(f"{scroll} ? {scroll}.scrollHeight : document.body.scrollHeight")
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.set_viewport_size({"width": width, "height": max(HEIGHT, int(height) + 20)})
    settle(page)
    page.screenshot(path=str(target))
    found = [*overflow(page), *errors_on(page)]
    page.set_viewport_size({"width": width, "height": HEIGHT})
    return found


def overflow(page: Page) -> list[str]:
    """By how much the page or its main part stays wider than the window; empty when it is not. Tables take a moment to fit."""
    with suppress(TooLate):
        page.wait_for_function(f"() => {WIDER} <= 0", timeout=REFLOW_MS)
    wider = page.evaluate(WIDER)
    return [f"{wider} px wider than the window"] if wider > 0 else []


def errors_on(page: Page) -> list[str]:
    """What the page says went wrong: red boxes, traces, a dialog about the connection, and a screen without a title or unfinished."""
    found = [f"shown: {' '.join(text.split())[:LONGEST]}" for text in page.locator(ERRORS).all_inner_texts()]
    if page.locator("[data-testid=stMain] h1").count() == 0:
        found.append("no title")
    if page.locator(UNFINISHED).count():
        found.append("still being drawn")
    return found


def main(url: str, email: str, password: str, folder: str, *only: str) -> int:
    """All pictures (`only`: parts of their names, such as "demand" or "375"); 1 when something was wrong."""
    target, wrong = Path(folder), 0
    target.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        for dark in (False, True):
            for language in ("es", "en"):
                style = f"{width}-{'dark' if dark else 'light'}-{language}"
                names = [p.name for p in PAGES if not only or all(part in f"{p.name}-{style}" for part in only)]
                if not names:
                    continue
                with browser(url, email, password, width=width, dark=dark, language=language) as (page, foreign):
                    for name in names:
                        page.goto(f"{url}/{'' if name == HOME else name}")
                        settle(page)
                        problems = picture(page, target / f"{name}-{style}.png") + [f"asked for {address}" for address in foreign]
                        foreign.clear()
                        wrong += bool(problems)
                        sys.stdout.write(f"{name}-{style}: {', '.join(problems) or 'fine'}\n")
    return 1 if wrong else 0


def _is_foreign(address: str, host: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != host


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
