"""Events are checked, audited, removable and put back; as a canonical table they are known from their announcement on."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from ml.queries.events import current
from ml.source.tables import SPECS, Tables, conform
from ml.store import audit, events
from ml.store.engine import begin_write, open_store
from ml.store.events import Event, EventError
from ml.store.facts import write_facts
from tests.conftest import settings_for

NOW = datetime(2026, 11, 21, 12, 0)
BY = {"now": NOW, "by": "ana@example.com"}
PROMOTION = Event("promotion", " 3x2 en PET ", date(2026, 12, 1), date(2026, 12, 7), date(2026, 11, 20))


@pytest.fixture
def conn(tmp_path):
    store = open_store(settings_for(tmp_path))
    with begin_write(store) as connection:
        yield connection
    store.dispose()


def test_an_event_is_kept_with_its_audit_row_and_removed_and_put_back(conn):
    key = events.add(conn, PROMOTION, **BY)
    assert events.event_frame(conn)["name"].tolist() == ["3x2 en PET"]
    events.remove(conn, key, **BY)
    assert events.event_frame(conn).empty
    with pytest.raises(EventError, match="not there any more"):
        events.remove(conn, key, **BY)
    events.restore(conn, key, **BY)
    assert len(events.event_frame(conn)) == 1
    with pytest.raises(EventError, match="not there any more"):
        events.restore(conn, key, **BY)
    assert [row["action"] for row in audit.latest(conn)] == ["event.restore", "event.remove", "event.add"]


def test_an_event_is_changed_while_it_is_as_it_was_seen(conn):
    key, seen = events.add(conn, PROMOTION, **BY), PROMOTION._replace(name="3x2 en PET")
    longer = seen._replace(end=PROMOTION.start + timedelta(days=9))
    events.change(conn, key, seen, longer._replace(name=" 3x2 en PET "), **BY)
    assert events.event_frame(conn)["end"].tolist() == [longer.end]
    with pytest.raises(EventError) as refused:
        events.change(conn, key, seen, seen._replace(name="Another's"), **BY)
    assert refused.value.code == "event_gone"
    with pytest.raises(EventError) as refused:
        events.change(conn, key, longer, longer._replace(kind="party"), **BY)
    assert refused.value.code == "event_kind"
    for_ever = seen._replace(kind="price_change", end=None)
    events.change(conn, key, longer, for_ever, **BY)
    events.change(conn, key, for_ever, seen, **BY)
    assert events.event_frame(conn)["end"].tolist() == [PROMOTION.end] and events.event_frame(conn)["name"].tolist() == ["3x2 en PET"]
    row = audit.latest(conn)[0]
    assert row["action"] == "event.change" and row["detail"]["before"]["kind"] == "price_change"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "party"}, "event_kind"),
        ({"name": "   "}, "event_name"),
        ({"name": "x" * 81}, "event_name"),
        ({"end": date(2026, 11, 30)}, "event_days"),
        ({"end": date(2028, 1, 1)}, "event_days"),
        ({"announced_at": date(2026, 12, 2)}, "event_known"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_nothing_is_kept(conn, change, code):
    with pytest.raises(EventError) as refused:
        events.add(conn, PROMOTION._replace(**change), **BY)
    assert refused.value.code == code and len(str(refused.value)) > 20
    assert events.event_frame(conn).empty and audit.latest(conn) == []


def test_the_contract_hides_an_event_until_it_is_announced(conn):
    events.add(conn, PROMOTION, **BY)
    tables = Tables({"events": conform(SPECS["events"], events.event_frame(conn))})
    assert tables.known(date(2026, 11, 19))["events"].empty
    assert len(tables.known(date(2026, 11, 20))["events"]) == 1


def test_forecasts_of_a_day_replace_each_other_and_older_days_stay(conn):
    def rows(issued: date, warm: float) -> list[dict]:
        blank = {"temp_min_c": None, "humidity": None, "precip_mm": 0.0}
        return [{"issued_at": issued, "date": date(2026, 11, day), "temp_max_c": warm, **blank} for day in (22, 23)]

    assert events.newest_forecast(conn) is None
    events.keep_forecast(conn, rows(date(2026, 11, 20), 20.0))
    events.keep_forecast(conn, rows(date(2026, 11, 21), 25.0))
    events.keep_forecast(conn, rows(date(2026, 11, 21), 31.0))
    assert events.forecast_frame(conn)["temp_max_c"].tolist() == [20.0, 20.0, 31.0, 31.0]
    assert events.newest_forecast(conn) == date(2026, 11, 21)


def test_what_the_data_tells_is_kept_beside_what_was_entered_but_not_twice(conn):
    key = events.add(conn, PROMOTION, **BY)
    rows = pd.DataFrame(
        {
            "start": pd.to_datetime(["2026-11-10", "2026-11-12", "2026-12-30"]),
            "end": [pd.NaT, pd.Timestamp("2026-11-13"), pd.NaT],
            "kind": ["price_change", None, "strike"],
            "name": ["Alza", "Feria", "Paro"],
            "announced_at": pd.to_datetime(["2026-11-01", "2026-11-01", "2026-12-29"]),
        }
    )
    tables = Tables({"events": conform(SPECS["events"], rows.assign(known_at=rows["announced_at"]))})
    write_facts(conn, tables.with_rows("events", events.event_frame(conn)), date(2026, 11, 20))
    events.remove(conn, key, **BY)
    found = current(conn, date(2026, 11, 12))
    assert found[["kind", "name", "is_entered"]].to_numpy().tolist() == [["", "Feria", False], ["price_change", "Alza", False]]
    assert found["id"].isna().all() and found["end"].tolist() == [pd.Timestamp("2026-11-13"), pd.NaT]
    events.restore(conn, key, **BY)
    found = current(conn, date(2026, 11, 12))
    assert found["name"].tolist() == ["3x2 en PET", "Feria", "Alza"] and found["id"].tolist()[0] == key
    write_facts(conn, Tables({}), date(2026, 11, 21))
    assert current(conn, date(2026, 11, 12))["is_entered"].tolist() == [True]
