"""Three mornings in Chromium on the trained tiny company: from a sentence to a customer to a file, and no further than the role."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from ml.clock import utc_now
from ml.i18n import translator
from ml.jobs.watch import write_heartbeat
from tests.conftest import SECRET_KEY, settings_for
from tests.homes import copy_home
from tests.people import PASSWORD
from tests.web.screenshots import browser, errors_on, settle, switch
from tests.web.served import serve
from ui.registry import PAGES, pages_for

FIRST_NAME = {"x": 90, "y": 55}  # in a table: below the header, right of the mark that chooses a row


@pytest.fixture(scope="module")
def app(trained_home, tmp_path_factory):
    home = tmp_path_factory.mktemp("journey") / "home"
    copy_home(trained_home, home, "snapshots")
    served = serve(home, INSIGHTS_SECRET_KEY=SECRET_KEY, INSIGHTS_AS_OF=str(settings_for(home).as_of))
    write_heartbeat(served.store, "scheduler of the test", "America/Santiago", utc_now() + timedelta(hours=1))
    yield served
    served.stop()
    served.store.dispose()


def walk(page: Page, role: str, language: str) -> list[str]:
    """Open every screen of a role by its link; what is wrong on any."""
    found: list[str] = []
    for entry in [entry for entries in pages_for(role).values() for entry in entries]:
        switch(page, translator(language)(entry.title))
        assert page.locator("h1").count() == 1
        found += [f"{entry.name}: {fault}" for fault in errors_on(page)]
    return found


def downloaded(page: Page, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).first.click()
    return download.value.path().read_bytes()


def test_an_admin_goes_from_the_morning_page_to_an_alert_a_customer_and_a_file(app):
    with browser(app.url, "admin@example.com", PASSWORD, width=1440, dark=False, language="es") as (page, foreign):
        assert walk(page, "admin", "es") == []
        switch(page, "Resumen")
        page.locator(".st-key-leads a[href*=churn]").first.click()
        page.wait_for_url("**/churn*")
        settle(page)
        table = page.get_by_test_id("stDataFrame").first
        table.scroll_into_view_if_needed()
        table.click(position=FIRST_NAME)
        page.get_by_test_id("stMain").get_by_role("link", name="Abrir ").click()
        page.wait_for_url("**/customer?customer=*")
        settle(page)
        key = page.url.rpartition("customer=")[2]
        assert key in page.get_by_test_id("stMain").inner_text()
        orders = downloaded(page, "Descargar CSV").decode("utf-8-sig").splitlines()
        assert orders[0].split(";")[0] == "Día" and len(orders) > 1
    assert foreign == []


def test_an_analyst_filters_keeps_the_address_and_takes_a_workbook(app):
    with browser(app.url, "analyst@example.com", PASSWORD, width=1440, dark=True, language="en") as (page, foreign):
        assert walk(page, "analyst", "en") == []
        switch(page, "Demand")
        page.get_by_test_id("stMain").get_by_role("radio", name="Sales").or_(page.get_by_role("button", name="Sales")).first.click()
        page.wait_for_url("**measure=revenue*")
        settle(page)
        page.goto(page.url)
        settle(page)
        assert "$" in page.get_by_test_id("stMetricValue").first.inner_text()
        assert downloaded(page, "Download Excel")[:2] == b"PK"
    assert foreign == []


def test_a_viewer_sees_no_names_and_opens_no_other_screens(app):
    allowed = {entry.name for entries in pages_for("viewer").values() for entry in entries}
    closed = [entry for entry in PAGES if "viewer" not in entry.roles]
    with browser(app.url, "viewer@example.com", PASSWORD, width=1440, dark=False, language="es") as (page, foreign):
        assert walk(page, "viewer", "es") == []
        assert page.get_by_test_id("stSidebarNavLink").count() == len(allowed)
        assert closed
        for entry in closed:
            page.goto(f"{app.url}/{entry.name}")
            page.get_by_text("Esta pantalla no es para su rol").wait_for()
            assert page.locator("[data-testid=stDataFrame], [data-testid=stMetric]").count() == 0
    assert foreign == []
