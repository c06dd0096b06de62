"""What screens read, on a store filled by hand: the release in service, the newest day, and nothing of the others."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from ml.queries import business, calls, customers, demand, record, service
from ml.queries.listing import Listing
from ml.store import schema
from ml.store.engine import open_store
from ml.store.preferences import Preferences
from tests.conftest import settings_for
from tests.pages.filled_store import AS_OF, CUSTOMERS, HOLIDAYS, HORIZON, RELEASE, scored


@pytest.fixture
def empty(tmp_path):
    engine = open_store(settings_for(tmp_path))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def serving(conn, name="demand"):
    return service.in_service(conn)[name]


def test_the_release_with_the_highest_seq_is_in_service(conn):
    newer = {"predictor": "demand", "seq": 2, "release_id": "newer", "run_id": 2, "at": datetime(2026, 12, 1), "by": "x", "reason": "{}"}
    conn.execute(sa.insert(schema.release_pointer).values(newer))
    assert serving(conn).release_id == "newer" and serving(conn).as_of is None
    assert serving(conn, "segments").release_id == RELEASE and serving(conn, "segments").day == AS_OF
    with pytest.raises(LookupError, match="newer of demand has no predictions"):
        _ = serving(conn).day


def test_the_newest_as_of_counts(conn):
    row = (
        conn.execute(
            sa.select(schema.predictions).where(schema.predictions.c.predictor == "demand").order_by(schema.predictions.c.id).limit(1)
        )
        .mappings()
        .one()
    )
    later = {**row, "id": None, "as_of": AS_OF + timedelta(days=1), "value": 99.0}
    conn.execute(sa.insert(schema.predictions).values(later))
    assert serving(conn).as_of == AS_OF + timedelta(days=1)
    assert list(demand.daily_forecast(conn, serving(conn), row["measure"], 30)["value"]) == [99.0]


def test_an_empty_store_answers_with_nothing(empty):
    assert service.in_service(empty) == {} and service.latest_reading(empty) is None and service.latest_reading_id(empty) == 0
    assert service.next_runs(empty) == {} and service.runs(empty) == [] and service.active_run(empty, "refresh") is None
    assert demand.history(empty, "orders", date(2026, 1, 1), AS_OF).empty
    assert business.concentration(empty) is None and business.weekly(empty, AS_OF).empty
    assert business.compared(empty, AS_OF).isna().all(axis=None)
    assert business.active_customers(empty, AS_OF, 90) == (0, 0) and business.by_commune(empty, 10).empty
    assert customers.facts(empty).empty and record.releases(empty).empty and record.why_missing(empty, "price") is None


def test_the_reading_tells_what_was_read(conn):
    reading = service.latest_reading(conn)
    assert reading.as_of == AS_OF and reading.is_demo and reading.tables["orders"]["rows"] == 3804 and len(reading.findings) == 2
    assert service.next_runs(conn)["refresh"] == datetime(2026, 11, 22, 8, 30)


def test_runs_are_newest_first_and_an_active_one_is_found(conn):
    started = {"job": "refresh", "scheduled_for": datetime(2026, 11, 22), "origin": "manual", "status": "running", "attempt": 1}
    conn.execute(sa.insert(schema.job_run).values(started))
    assert [run.job for run in service.runs(conn)] == ["refresh", "retrain"]
    assert service.active_run(conn, "refresh").status == "running" and service.active_run(conn, "retrain") is None


def test_the_forecast_by_day_and_its_totals(conn):
    days = demand.daily_forecast(conn, serving(conn), "orders", 30)
    assert list(days.columns) == ["day", "value", "lo80", "hi80", "lo95", "hi95", "is_open", "holiday", "members", *demand.WEATHER]
    assert days[list(demand.WEATHER)].isna().all(axis=None), "the weather is not used"
    assert len(days) == 30 and days["day"].iloc[0] == pd.Timestamp(AS_OF + timedelta(days=1)) and days["day"].is_monotonic_increasing
    feast = days[days["day"] == pd.Timestamp(date(2026, 12, 8))].iloc[0]
    assert not feast["is_open"] and feast["value"] == 0 and feast["holiday"] == HOLIDAYS[date(2026, 12, 8)]
    assert days["holiday"].iloc[0] is None and set(days["members"].iloc[5]) == {"ridge", "holt_winters"}
    totals = demand.totals(conn, serving(conn), "orders")
    assert set(totals) == {7, 30} and totals[30].value == 146.0 and totals[7].lo80 == pytest.approx(35 * 0.86) and totals[7].open_days == 5
    assert demand.measures(conn, serving(conn)) == ("orders", "revenue", "bottles")
    assert demand.caution(conn, serving(conn), "orders") is None


def test_history_fills_days_without_sales(conn):
    gone = AS_OF - timedelta(days=3)
    conn.execute(sa.delete(schema.daily_facts).where(schema.daily_facts.c.day == gone))
    past = demand.history(conn, "orders", AS_OF - timedelta(days=9), AS_OF)
    assert len(past) == 10 and past.set_index("day")["value"][pd.Timestamp(gone)] == 0.0


def test_what_was_said_a_week_before_stands_beside_what_came(conn):
    first = AS_OF + timedelta(days=1)
    conn.execute(sa.update(schema.predictions).where(schema.predictions.c.measure == "orders").values(actual=5.0))
    told = demand.told_and_came(conn, "orders", first)
    assert told["day"].min() == pd.Timestamp(AS_OF + timedelta(days=7)) and set(told["actual"]) == {5.0} and told["day"].is_unique


def test_customers_at_risk_are_ranked_by_money_and_opted_out_are_left_out(conn):
    frame = scored(conn, serving(conn, "customers"))
    assert len(frame) == CUSTOMERS - 1 and customers.opted_out(conn) == 1 and not frame["contact_opt_out"].any()
    assert frame["value_at_risk"].is_monotonic_decreasing and set(frame["population"]) == {"active", "dormant"}
    assert set(frame["horizon_days"]) == {HORIZON} and frame["next_date"].iloc[0] == pd.Timestamp(AS_OF + timedelta(days=6))
    assert frame["reasons"].iloc[0][0]["code"] == "late_for_own_rhythm"


def test_a_release_may_say_that_there_is_no_signal(conn):
    assert customers.has_signal(conn, serving(conn, "customers")) is None
    row = conn.execute(sa.select(schema.predictions).where(schema.predictions.c.predictor == "customers").limit(1)).mappings().one()
    flag = {**row, "id": None, "measure": "usable_signal", "entity_type": "company", "entity_id": "all", "value": 0.0}
    conn.execute(sa.insert(schema.predictions).values(flag))
    assert customers.has_signal(conn, serving(conn, "customers")) is False


def test_segments_add_up(conn):
    members = customers.members(serving(conn, "segments")).frame(conn)
    summary = customers.segments(conn, serving(conn, "segments"))
    assert summary["customers"].sum() == len(members) == CUSTOMERS
    assert summary["share"].sum() == pytest.approx(1) and summary["spend_share"].sum() == pytest.approx(1)
    assert list(summary["segment"]) == [name for name in customers.SEGMENTS if name in set(members["segment"])]


def rows_of(rows: list[dict], *order: str) -> Listing:
    """A list of these rows, numbered by `id` as they come; numbers as in the store, None where one is missing."""
    kinds = {name: sa.Date() if isinstance(value, date) else sa.Float() for row in rows for name, value in row.items() if value is not None}
    selects = [
        sa.select(sa.literal(place).label("id"), *(sa.literal(row[name], kind).label(name) for name, kind in kinds.items()))
        for place, row in enumerate(rows)
    ]
    made = sa.union_all(*selects).subquery()
    return Listing(made, dict(made.c), (*order, "id"))


def ids(conn, rows: Listing) -> list[int]:
    return rows.frame(conn)["id"].tolist()


def test_a_call_is_worth_what_it_saves_less_its_cost(conn):
    money = ((100_000.0, 0.5), (30_000.0, 0.9), (10_000.0, 0.75))
    rows = rows_of([{"value_at_risk": value, "probability": risk, "horizon_days": 60} for value, risk in money])
    chosen = Preferences(call_cost=1500, gross_margin=0.35, save_rate=0.15, kept_days=30)
    told = calls.with_profit(rows, chosen)
    assert list(told.frame(conn)["expected_profit"]) == pytest.approx([3750, 75, -975])
    assert ids(conn, calls.picked(told, "profit", 0.7)) == [0, 1] and ids(conn, calls.picked(told, "profit", 0.7, most=1)) == [0]
    assert ids(conn, calls.picked(told, "probability", 0.7)) == [1, 2] and calls.picked(told, "all", 0.7).count(conn) == 3
    assert calls.gains(conn, told, 2) == pytest.approx([3750, 3825])


def test_a_kept_customer_is_worth_more_than_the_window_asked_about(conn):
    rows = rows_of([{"value_at_risk": 100_000.0, "horizon_days": days} for days in (30, 60, 90)])
    chosen = Preferences(call_cost=1500, gross_margin=0.35, save_rate=0.15, kept_days=60)
    assert list(calls.with_profit(rows, chosen).frame(conn)["expected_profit"]) == pytest.approx([9000, 3750, 3750])


@pytest.mark.parametrize("horizon", [30, 60, 120])
def test_a_call_earns_nothing_and_costs_nothing_at_the_edge(conn, horizon):
    chosen = Preferences(kept_days=60)
    rows = rows_of([{"value_at_risk": calls.worth_from(chosen, horizon), "horizon_days": horizon}])
    assert calls.with_profit(rows, chosen).frame(conn)["expected_profit"].iloc[0] == pytest.approx(0)


def test_the_latest_by_their_own_pause_come_first_and_the_unknown_last(conn):
    known = ((10, 5.0, 1.0), (30, 60.0, 9.0), (30, None, 9.0), (5, 5.0, 9.0))
    rows = rows_of([{"days_since_last_order": silent, "gap_days": gap, "spend_365": spend} for silent, gap, spend in known])
    assert ids(conn, calls.latest_first(rows)) == [0, 3, 1, 2]
    assert ids(conn, calls.by_rhythm(rows)) == [0]


def test_who_is_silent_from_a_day_on(conn):
    rows = rows_of([{"days_since_last_order": 70}])
    assert calls.silent_for(rows, 60).count(conn) == 1 and calls.silent_for(rows, 90).count(conn) == 0


@pytest.mark.parametrize(
    ("as_of", "last_month", "last_year"),
    [
        (date(2026, 3, 31), (date(2026, 2, 1), date(2026, 2, 28)), (date(2025, 3, 1), date(2025, 3, 31))),
        (date(2024, 2, 29), (date(2024, 1, 1), date(2024, 1, 29)), (date(2023, 2, 1), date(2023, 2, 28))),
        (date(2026, 1, 1), (date(2025, 12, 1), date(2025, 12, 1)), (date(2025, 1, 1), date(2025, 1, 1))),
    ],
)
def test_the_same_days_of_other_months(as_of, last_month, last_year):
    spans = business.same_days(as_of)
    assert spans["last_month"] == last_month and spans["last_year"] == last_year and spans["this_month"][1] == as_of


def test_sums_over_the_same_days_equal_the_history(conn):
    sums = business.compared(conn, AS_OF)
    for period, (first, last) in business.same_days(AS_OF).items():
        assert sums.loc[period, "orders"] == demand.history(conn, "orders", first, last)["value"].sum()
    early = business.compared(conn, date(2025, 8, 1))
    assert early.loc["last_year"].isna().all() and early.loc["this_month"].notna().all()


def test_weeks_end_at_as_of(conn):
    weeks = business.weekly(conn, AS_OF, 4)
    assert len(weeks) == 4 and weeks.index[-1] == pd.Timestamp(AS_OF)
    assert weeks["orders"].sum() == demand.history(conn, "orders", AS_OF - timedelta(days=27), AS_OF)["value"].sum()


def test_concentration_names_the_fewest_who_bring_half(conn):
    few = business.concentration(conn)
    spend = customers.facts(conn)["spend_365"].sort_values(ascending=False)
    assert few.share == pytest.approx(spend.head(few.customers).sum() / spend.sum()) and few.share >= 0.5
    assert spend.head(few.customers - 1).sum() < spend.sum() / 2 and few.buyers == CUSTOMERS
    spend_of = customers.facts(conn).set_index("customer_id")["spend_365"]
    assert len(few.who) == few.customers and spend_of[list(few.who)].sum() == pytest.approx(few.share * spend.sum())


def test_communes_are_summed_and_the_largest_stand_first(conn):
    everybody = customers.facts(conn)
    whole = everybody.groupby("zone")["spend_365"].sum().sort_values(ascending=False)
    found = business.by_commune(conn, 2)
    assert found["zone"].tolist() == whole.index[:2].tolist() and found["sales"].tolist() == pytest.approx(whole.head(2).tolist())
    assert found["share"].tolist() == pytest.approx((whole.head(2) / everybody["spend_365"].sum()).tolist())


def test_the_record_over_all_cutoffs_and_by_cutoff(conn):
    frame = record.scores(conn, serving(conn))
    assert record.score(frame, "orders", "wape", 30)["value"] == pytest.approx(0.09)
    assert record.score(frame, "orders", "nonsense") is None
    by = record.by_cutoff(frame, "orders", "mase", 1)
    assert len(by) == 3 and by["cutoff"].is_monotonic_increasing and (by["value"] < by["baseline"]).all()


def test_a_later_judgement_of_the_same_thing_replaces_the_earlier(conn):
    row = conn.execute(sa.select(schema.scores).where(schema.scores.c.cutoff.is_(None)).limit(1)).mappings().one()
    conn.execute(sa.insert(schema.scores).values({**row, "id": None, "value": 0.5, "created_at": datetime(2027, 1, 1)}))
    frame = record.scores(conn, serving(conn))
    assert record.score(frame, row["measure"], row["metric"], row["window_days"])["value"] == 0.5


def test_a_verdict_follows_the_metrics_direction(conn):
    assert [verdict.better for verdict in record.verdicts(conn, serving(conn))] == [True] * 3
    assert record.verdicts(conn, serving(conn, "customers"))[0].better is True
    worse = sa.update(schema.scores).where(schema.scores.c.metric == "auc").values(value=0.5)
    conn.execute(worse)
    assert record.verdicts(conn, serving(conn, "customers"))[0].better is False


def test_releases_say_which_is_in_service(conn):
    newer = {"predictor": "demand", "seq": 2, "release_id": "newer", "run_id": 2, "at": datetime(2026, 12, 1), "by": "x", "reason": "{}"}
    conn.execute(sa.insert(schema.release_pointer).values(newer))
    frame = record.releases(conn)
    assert frame.iloc[0]["release_id"] == "newer" and frame.loc[frame["predictor"] == "demand", "in_service"].tolist() == [True, False]


def test_why_a_model_is_missing_comes_from_the_last_retrain(conn):
    told = {"outcomes": {"price": {"state": "unavailable", "reason": "No prices."}}}
    conn.execute(sa.update(schema.job_run).values(progress=told))
    assert record.why_missing(conn, "price") == "No prices." and record.why_missing(conn, "demand") is None
