"""The morning page: what changed since last week, how the few who bring half of the sales stand, the largest customers and communes."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.queries import business, call_list, service
from ml.store import alerts as work
from ml.store import schema
from ml.store.engine import begin_write
from ml.store.preferences import PreferenceError, Preferences, read_preferences
from ml.store.schema_alerts import alerts
from ml.store.values import set_preference
from tests.pages.conftest import texts_of
from tests.pages.filled_store import AS_OF, NOW, fill
from ui import store_access


def listed(app, column: str):
    """The table of the screen that has this column."""
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


def test_the_last_week_stands_beside_the_week_before(show, full_home):
    app = show(full_home, "overview", language="en")
    with store_access.store().connect() as conn:
        before, last = (int(orders) for orders in business.weekly(conn, AS_OF)["orders"].iloc[-2:])
    said = " ".join(link.proto.label for link in app.get("page_link"))
    assert f"the last 7: **{last}**, before: {before}" in said


def links(app) -> list[str]:
    return [link.proto.label for link in app.get("page_link")]


def test_what_changed_in_a_week_stands_in_at_most_five_sentences_that_lead_on(show, own_full_home, store_at):
    store_at(own_full_home)
    said_at = AS_OF - timedelta(days=7)
    with begin_write(store_access.store()) as conn:
        row = {"run_id": 1, "release_id": "before", "predictor": "demand", "measure": "orders", "as_of": said_at, "window_days": 1}
        company = {"entity_type": "company", "entity_id": "all", "value": 6.0, "detail": {}}
        ahead = [row | company | {"target_date": said_at + timedelta(days=day)} for day in range(1, 15)]
        conn.execute(sa.insert(schema.predictions), ahead)
        opened = {"customer_id": "x", "kind": "at_risk", "opened_by": "system", "as_of": AS_OF, "horizon_days": 28, "detail": {}}
        states = [{"state": "open", "closed_at": None}, {"state": "saved", "closed_at": NOW}]
        conn.execute(sa.insert(alerts), [opened | state | {"opened_at": NOW, "watch_until": AS_OF} for state in states])
        ids = sa.select(schema.customer_facts.c.customer_id).order_by(schema.customer_facts.c.customer_id).limit(2)
        some = schema.customer_facts.c.customer_id.in_(ids)
        conn.execute(sa.update(schema.customer_facts).where(some).values(first_order=AS_OF, last_order=AS_OF))
    said = " ".join(links(show(own_full_home, "overview", language="en")))
    for sentence in (
        "sold** in the last 7 days, ",
        "**35 orders** expected in the next 7 days; a week ago 42 were expected",
        "Alerts: **2 opened** in these days, **1 closed by an order**, 0 closed otherwise",
        "**2 new customers** ordered for the first time",
        "have now been silent for 28 days and count as gone",
    ):
        assert said.count(sentence) == 1, said


def test_the_month_stands_beside_last_years_without_opening_anything(show, full_home):
    said = texts_of(show(full_home, "overview", language="en"))
    assert re.search(r"Against November 2025, same days: sales \*\*[^*]+\*\*, average order \*\*[^*]+\*\*, bottles \*\*", said), said


def test_a_first_year_is_compared_with_none_before(show, own_full_home, store_at):
    store_at(own_full_home)
    with begin_write(store_access.store()) as conn:
        conn.execute(sa.delete(schema.daily_facts).where(schema.daily_facts.c.day < AS_OF - timedelta(days=6)))
    app = show(own_full_home, "overview", language="en")
    assert (
        not app.exception and "Against November 2025" not in texts_of(app) and not any("sold** in the last" in said for said in links(app))
    )


@pytest.mark.parametrize(("role", "named"), [("admin", True), ("viewer", False)])
def test_the_largest_customers_stand_with_their_state_and_open(show, full_home, role, named):
    app = show(full_home, "overview", role=role, language="en")
    largest = listed(app, "spend_365")
    assert largest["spend_365"].is_monotonic_decreasing and len(largest) == 10
    assert largest["shown_state"].isin(["Due now", "Overdue", "Early", "Silent for too long", "No rhythm yet"]).all()
    assert any("Rojas" in name for name in largest["who"]) is named
    assert "How they stand today" in texts_of(app)


def test_the_largest_communes_have_their_share(show, full_home):
    communes = listed(show(full_home, "overview"), "zone")
    assert communes["sales"].is_monotonic_decreasing and communes["share"].sum() == pytest.approx(100)  # as it is handed to a bar


def test_without_a_model_of_customers_the_communes_stand_alone(show, own_empty_home, store_at):
    store_at(own_empty_home)
    fill(store_access.store(), predictors=("demand",))
    app = show(own_empty_home, "overview", language="en")
    assert not app.exception and "How they stand today" not in texts_of(app)
    assert len(listed(app, "zone")) and not any("spend_365" in frame.value.columns for frame in app.dataframe)


def test_communes_that_nobody_recorded_are_left_out(show, own_full_home, store_at):
    store_at(own_full_home)
    with begin_write(store_access.store()) as conn:
        conn.execute(sa.update(schema.customer_facts).values(zone=None))
    app = show(own_full_home, "overview")
    assert not app.exception and not any("zone" in frame.value.columns for frame in app.dataframe)


def test_the_companys_own_app_is_linked_where_its_address_is_known(show, own_full_home, store_at):
    assert not show(own_full_home, "overview").get("link_button")
    with begin_write(store_access.store()) as conn:
        set_preference(conn, "company_app_url", "https://app.example.cl/pedidos", who="admin@example.com", at=NOW)
    (button,) = show(own_full_home, "overview", language="en").get("link_button")
    assert (button.proto.url, button.proto.label) == ("https://app.example.cl/pedidos", "Open the company's own app")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "ftp://x", "https://", "app.example.cl", "https://x y"])
def test_what_is_no_web_address_is_refused(address):
    with pytest.raises(PreferenceError, match="company_app_url"):
        read_preferences({"company_app_url": address})


def test_who_was_dealt_with_is_no_longer_named_as_the_first_to_call(show, own_full_home, store_at):
    store_at(own_full_home)
    with begin_write(store_access.store()) as conn:
        serving = service.in_service(conn)["customers"]
        picked = call_list.eligible(conn, serving, Preferences(alert_limit=500))
        first, second = picked["name"].iloc[:2]
    said = " ".join(links(show(own_full_home, "overview", language="en")))
    assert f"first **{first}**" in said
    with begin_write(store_access.store()) as conn:
        made = work.open_for(conn, picked, run_id=1, now=NOW)
        work.act(conn, made[:1], work.Change("contacted", AS_OF), now=NOW, by="analyst@example.com")
    said = " ".join(links(show(own_full_home, "overview", language="en")))
    assert f"first **{second}**" in said and first not in said
    with begin_write(store_access.store()) as conn:
        work.act(conn, made[1:], work.Change("not_a_risk", AS_OF), now=NOW, by="analyst@example.com")
    said = " ".join(links(show(own_full_home, "overview", language="en")))
    assert "Every call that is worth its cost is made, put off or closed" in said
