"""For people with a keyboard or a screen reader: axe on the sign-in page (test_looks has the screens), the way of Tab, `<html lang>`."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

from tests.people import PASSWORD
from tests.web.screenshots import ARGUMENTS, CHROMIUM, browser, settle
from tests.web.served import Served
from ui.registry import HOME, PAGES

ADMIN = "admin@example.com"
PHONE = {"width": 375, "height": 667}
MOST_STOPS, RING_MS = 150, 1_000
GROUPS = "[role=radiogroup], [role=tablist], [data-testid=stButtonGroup], [data-testid=stSelectbox]"
CONTROLS = (
    "a[href], button, input, select, textarea, [role=button], [role=tab], [role=radio], [role=combobox], [role=switch], canvas[tabindex]"
)
BESIDE_THE_KEYBOARD = (  # a number is stepped with the arrows of its own field, a date is written into the field beside the hidden one
    "[data-testid=stNumberInputStepUp], [data-testid=stNumberInputStepDown], input[type=date][tabindex='-1']"
)
LOOK = """one => {
  const seen = [one, ...(one.parentElement?.children ?? [])];
  for (let part = one.parentElement; part && seen.length < 40; part = part.parentElement) seen.push(part);
  return seen.map(part => getComputedStyle(part)).map(
    style => [style.outlineStyle === 'none' ? '' : style.outline, style.boxShadow, style.borderColor, style.backgroundColor].join()
  ).join();
}"""
STOPS = f"""([controls, groups, beside]) => {{
  const look = {LOOK};
  const shown = one => one.checkVisibility({{visibilityProperty: true}}) && one.offsetWidth > 1 && one.offsetHeight > 1;
  const works = one => !one.disabled && one.getAttribute('aria-disabled') !== 'true' && !one.matches(beside);
  const main = document.querySelector('[data-testid=stMain]');
  const found = [...main.querySelectorAll(controls)].filter(one => shown(one) && works(one));
  found.forEach((one, place) => one.setAttribute('data-stop', place));
  window.lookedBefore = found.map(look);
  return found.map(one => [
    (one.closest(groups)?.querySelector('[data-stop]') ?? one).dataset.stop,
    (one.ariaLabel || one.innerText || one.name || one.outerHTML).trim().slice(0, 80),
  ]);
}}"""
REACHED = f"""groups => {{
  const active = document.activeElement;
  if (active === document.body) return null;
  const one = active.closest('[data-stop]') ?? active.querySelector('[data-stop]');
  const first = one?.closest(groups)?.querySelector('[data-stop]') ?? one;
  const inMain = one && active.closest('[data-testid=stMain]') !== active;
  return [first?.dataset.stop ?? '', inMain && ({LOOK})(one) === window.lookedBefore[one.dataset.stop]];
}}"""


@pytest.fixture
def stranger(filled_app) -> Iterator[Page]:
    """A browser that has not signed in, on the sign-in page."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = chromium.new_page(locale="es-CL", viewport=PHONE)
        page.goto(f"{filled_app.url}/login")
        yield page
        chromium.close()


def open_screen(page: Page, app: Served, name: str) -> None:
    page.goto(f"{app.url}/" if name == HOME else f"{app.url}/{name}")
    settle(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_at_all_on_the_sign_in_page(stranger, scheme):
    stranger.emulate_media(color_scheme=scheme)
    assert [violation["id"] for violation in Axe().run(stranger).response["violations"]] == []
    assert stranger.locator("html").get_attribute("lang") == "es"


def test_one_signs_in_with_the_keyboard_alone(stranger):
    assert stranger.evaluate("document.activeElement.name") == "email"
    stranger.keyboard.type(ADMIN)
    stranger.keyboard.press("Tab")
    assert stranger.evaluate("document.activeElement.name") == "password"
    stranger.keyboard.press("Tab")
    assert stranger.evaluate("document.activeElement.type") == "submit"
    assert stranger.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    stranger.keyboard.press("Shift+Tab")
    stranger.keyboard.type(PASSWORD)
    stranger.keyboard.press("Enter")
    stranger.wait_for_selector("[data-testid=stApp]")


@pytest.mark.slow
def test_the_tab_key_reaches_every_control_of_every_screen_and_shows_where_it_is(filled_app):
    """A group of which one member is reached counts as reached: arrows go on from there. Who gets caught on the way misses the rest."""
    faults = {}
    with browser(filled_app.url, ADMIN, PASSWORD, width=1440, dark=False, language="es") as (page, _):
        for entry in PAGES:
            open_screen(page, filled_app, entry.name)
            page.add_style_tag(content="* { transition: none !important; }")
            wanted = dict(page.evaluate(STOPS, [CONTROLS, GROUPS, BESIDE_THE_KEYBOARD]))
            assert wanted, entry.name
            reached, unseen = _walked(page)
            missed = {label for stop, label in wanted.items() if stop not in reached}
            faults[entry.name] = (missed, {wanted.get(stop, stop) for stop in unseen})
    assert faults == dict.fromkeys(faults, (set(), set())) and len(faults) == len(PAGES)


def _walked(page: Page) -> tuple[set[str], set[str]]:
    """The stops that Tab reaches, and those of them that look as if it had not."""
    reached: set[str] = set()
    unseen: set[str] = set()
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        found = page.evaluate(REACHED, GROUPS)
        if found is not None and found[1]:  # a table draws its ring in a turn of its own
            with suppress(TooLate):
                page.wait_for_function(f"groups => !({REACHED})(groups)?.[1]", arg=GROUPS, timeout=RING_MS)
            found = page.evaluate(REACHED, GROUPS)
        if found is None and reached:
            break
        if found is not None:
            reached.add(found[0])
            unseen |= {found[0]} if found[1] else set()
    return reached, unseen


@pytest.mark.parametrize(("name", "width"), [("analyst", 1440), ("viewer", 375)])
def test_the_page_says_its_language_and_follows_a_choice(filled_app, name, width):
    with browser(filled_app.url, f"{name}@example.com", PASSWORD, width=width, dark=False, language="es") as (page, _):
        open_screen(page, filled_app, HOME)
        assert page.locator("html").get_attribute("lang") == "es"
        if width == 375:
            page.get_by_test_id("stExpandSidebarButton").click()
        page.locator("[class*=st-key-language-] button", has_text="EN").click()
        page.wait_for_selector("html[lang=en]", state="attached")
        page.reload()
        assert page.locator("html").get_attribute("lang") == "en"
        settle(page)
        assert page.locator("html").get_attribute("lang") == "en"
