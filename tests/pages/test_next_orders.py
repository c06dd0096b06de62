"""The Next orders screen: who is due, overdue or early, filters in the address, and what was learnt about lateness."""

import pandas as pd
import sqlalchemy as sa

from ml.store import schema
from ml.store.engine import begin_write, open_store
from tests.conftest import settings_for
from tests.pages.conftest import texts_of
from tests.pages.filled_store import CUSTOMERS, without_signal


def listed(app) -> pd.DataFrame:
    """The table of customers on the screen; empty where none is shown."""
    tables = [table.value for table in app.dataframe if "chance" in table.value]
    return tables[0] if tables else pd.DataFrame({"who": [], "expected_money": []})


def test_a_viewer_sees_initials_and_no_links(show, full_home):
    shown = listed(show(full_home, "next_orders", role="viewer"))
    assert len(shown) > 0
    assert all("···" in name for name in shown["who"])
    assert "call" not in shown and "chat" not in shown


def test_without_a_signal_the_latest_come_first_and_no_chance_is_said(show, own_full_home):
    engine = open_store(settings_for(own_full_home))
    without_signal(engine)
    engine.dispose()
    app = show(own_full_home, "next_orders", language="en", query={"list": "overdue"})
    shown = app.dataframe[0].value
    days = shown["silence"].str.split().str[0].astype(int)
    assert not app.exception and len(shown) > 0 and days.is_monotonic_decreasing
    assert "chance" not in shown and "expected_money" not in shown
    assert "no usable signal" in " ".join(entry.value for entry in app.info)


def test_the_lists_part_the_customers(show, full_home):
    shown = {state: listed(show(full_home, "next_orders", query={"list": state})) for state in ("due", "overdue", "early", "all")}
    counts = {state: len(found) for state, found in shown.items()}
    assert counts["due"] + counts["overdue"] + counts["early"] == counts["all"] > 20
    assert shown["all"]["expected_money"].is_monotonic_decreasing
    assert not any(name.endswith(f" {CUSTOMERS - 1}") for name in shown["all"]["who"])


def test_filters_stand_in_the_address(show, full_home):
    app = show(full_home, "next_orders", query={"list": "all", "zone": "Ñuñoa", "type": "Empresa"})
    everybody = show(full_home, "next_orders", query={"list": "all"})
    assert 0 < len(listed(app)) < len(listed(everybody))
    nothing = show(full_home, "next_orders", query={"list": "all", "zone": "Ñuñoa", "type": "Hogar"})
    assert not nothing.exception
    assert "Nada coincide" in texts_of(nothing)
    strange = show(full_home, "next_orders", query={"list": "<script>", "zone": "'; --", "type": "\u202e", "segment": "x" * 900})
    assert not strange.exception
    assert not strange.error
    assert len(listed(strange)) > 0


def test_what_was_learnt_and_where_it_cannot_be(show, full_home, own_full_home):
    assert "Después de **3 veces**" in texts_of(show(full_home, "next_orders"))
    engine = open_store(settings_for(own_full_home))
    with begin_write(engine) as conn:
        conn.execute(sa.delete(schema.predictions).where(schema.predictions.c.measure == "too_late"))
        conn.execute(sa.delete(schema.release_pointer).where(schema.release_pointer.c.predictor.in_(["demand", "segments"])))
    engine.dispose()
    app = show(own_full_home, "next_orders")
    assert not app.exception
    assert "se necesitan 30" in texts_of(app)
    assert len(app.metric) == 1
