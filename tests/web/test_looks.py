"""Every screen as people meet it: in Spanish and English, light and dark, on a desk and on a phone. One walk per language looks at all.

Nothing fails, nothing is asked of another server, nothing is wider than the window, axe finds nothing grave of ours, and on a phone the
key number stands on the first screen.
"""

from itertools import product
from typing import NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from ml.i18n import translator
from tests.people import PASSWORD
from tests.web.screenshots import HEIGHT, browser, errors_on, overflow, settle, switch, switch_aside
from ui import chart_modes, charts, event_marks
from ui.registry import PAGES

ADMIN = "admin@example.com"
PHONE = {"width": 375, "height": 667}
DESK = {"width": 1440, "height": HEIGHT}
WITH_AXE = (  # by the place of a screen: half of the eight looks, each language, mode and width; its neighbour has the others
    {"es": ((1440, "light"), (375, "dark")), "en": ((1440, "dark"), (375, "light"))},
    {"es": ((1440, "dark"), (375, "light")), "en": ((1440, "light"), (375, "dark"))},
)
MAIN_ACTION = {  # what people come to a screen for, and what stands for it there; None: to read the numbers
    "overview": "[class*=st-key-leads] a",
    "churn": "[data-testid=stButtonGroup] button",
    "next_orders": "[data-testid=stButtonGroup] button",
    "customer": "[data-testid=stTextInput] input",
    "demand": "[data-testid=stButtonGroup] button",
    "segments": None,
    "experiments": "[data-testid=stButtonGroup] button",
    "prices": "[data-testid=stSelectbox] input",
    "routes": "[data-testid=stNumberInput] input",
    "models": "[data-testid=stBaseButton-primary]",
    "operations": "[data-testid=stButtonGroup] button",
    "settings": "[class*=st-key-leads] a",
    "account": None,
}
GRAVE = ("serious", "critical")
FOLLOWING = (  # parts of the forecast: words, grid, bars of the past, wider band, line
    (".xtick text", "fill"),
    (".ygrid", "stroke"),
    (".bars .point path", "fill"),
    (".js-fill", "fill"),
    ('.js-line[style*="2.5px"]', "stroke"),
)


class Known(NamedTuple):
    """What axe finds in Streamlit's own parts and nobody outside can change: by rule, and by the part it is in or a mark it bears."""

    rule: str
    inside: str
    mark: str
    reason: str


KNOWN: tuple[Known, ...] = (
    Known("list", "[data-testid=stSidebarNavItems]", "stSidebarNav", "the navigation's list holds its sections in <div>"),
    Known("listitem", "[data-testid=stSidebarNavItems]", "stSidebarNav", "the same: its items stand in that <div>"),
    Known(
        "svg-img-alt",
        "[data-testid=stMetric]",
        "mark-symbol role-mark metric_chart",
        "the sparkline's marks have no title; the figure beside it says the same in words",
    ),
)
INSIDE = "([target, inside]) => !!document.querySelector(target)?.closest(inside)"


def grave_faults(page: Page) -> list[str]:
    """What axe calls serious or critical, without what is Streamlit's own."""
    found = []
    for violation in Axe().run(page).response["violations"]:
        if violation["impact"] in GRAVE:
            known = [entry for entry in KNOWN if entry.rule == violation["id"]]
            ours = [node for node in violation["nodes"] if not any(_is_known(page, node, entry) for entry in known)]
            found += [f"{violation['id']}: {node['html'][:120]} {node['failureSummary'][:200]}" for node in ours]
    return found


def _is_known(page: Page, node: dict, known: Known) -> bool:
    """Whether a finding is in that part; a chart that was drawn anew meanwhile is known by its mark."""
    return known.mark in node["html"] or page.evaluate(INSIDE, [node["target"][-1], known.inside])


def below_the_first_screen(page: Page, name: str) -> list[str]:
    """The first headline number and the main action, where one must scroll a phone to see them."""
    found, action = [], MAIN_ACTION[name]
    for what, where in (("number", "[data-testid=stMetricValue]"), ("action", action)):
        first = page.get_by_test_id("stMain").locator(where).first if where else None
        if first is not None and (what == "action" or first.count()):
            box = first.bounding_box() if first.count() else None
            found += [] if box and box["y"] + box["height"] <= PHONE["height"] else [f"the first {what} stands at {box}"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("language", ["es", "en"])
def test_every_screen_in_every_look(filled_app, language):
    faults: list[str] = []
    with browser(filled_app.url, ADMIN, PASSWORD, width=DESK["width"], dark=False, language=language) as (page, foreign):
        page.on("pageerror", lambda error: faults.append(str(error)))
        for scheme, (place, entry) in product(("light", "dark"), enumerate(PAGES)):
            page.emulate_media(color_scheme=scheme)
            if entry.section:
                switch(page, translator(language)(entry.title))
            else:
                switch_aside(page, entry.name)
                assert page.locator("h1").inner_text() == translator(language)(entry.title)
            assert page.locator("h1").count() == 1
            assert page.locator("html").get_attribute("lang") == language
            for size in (DESK, PHONE):
                page.set_viewport_size(size)
                settle(page)
                found = [*errors_on(page), *overflow(page)]
                if (size["width"], scheme) in WITH_AXE[place % 2][language]:
                    found += grave_faults(page)
                if size is PHONE:
                    found += below_the_first_screen(page, entry.name)
                faults += [f"{entry.name} {size['width']} {scheme}: {fault}" for fault in found]
            page.set_viewport_size(DESK)
    assert faults == []
    assert foreign == []


@pytest.mark.slow
def test_a_figure_follows_the_system_into_the_dark_before_the_next_run(filled_app):
    colours = "part => getComputedStyle(document.querySelector(`[data-testid=stPlotlyChart] ${part}`))"
    with browser(filled_app.url, ADMIN, PASSWORD, width=DESK["width"], dark=False, language="es") as (page, _):
        switch(page, translator("es")("Demand"))
        page.wait_for_selector("[data-testid=stPlotlyChart] .ygrid", state="attached")
        told = []
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(300)
            told.append([page.evaluate(f"({colours})('{part}').{how}") for part, how in FOLLOWING])
    assert told == [
        ["rgb(91, 107, 123)", "rgb(230, 235, 241)", "rgba(0, 114, 178, 0.35)", "rgba(0, 114, 178, 0.1)", "rgb(0, 114, 178)"],
        ["rgb(159, 176, 192)", "rgb(34, 48, 61)", "rgba(86, 180, 233, 0.55)", "rgba(86, 180, 233, 0.18)", "rgb(86, 180, 233)"],
    ]


def test_the_rules_of_style_know_every_colour_that_figures_are_drawn_with():
    for palette in (charts.LIGHT, charts.DARK, charts.INK, event_marks.LIGHT, event_marks.DARK):
        assert all(chart_modes.drawn_as(part, colour) in chart_modes.rules() for colour in palette for part in chart_modes.PARTS)
