"""The lists that the database chooses, orders and pages are those that frames make of every prediction, whoever asks and however."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from ml.queries import call_list, calls, churn_answers, customer, customers, next_orders, segment_list, segments, service
from ml.queries.call_list import Asked
from ml.store import schema
from ml.store.customer_rows import refill_all
from ml.store.engine import begin_write, open_store
from ml.store.preferences import Preferences
from ml.store.schema_alerts import alerts, always_call, holdout
from ml.store.searching import searchable
from ml.store.values import set_preference
from tests.conftest import settings_for
from tests.pages.filled_store import AS_OF, HORIZON, fill, scored
from tests.unit.queries import in_memory

CUSTOMERS, PAGE = 300, 37
NOW = datetime(2026, 11, 21, 9, 0)
STATES = ("open", "contacted", "snoozed", "saved", "lost", "not_a_risk", "withdrawn")
CHOSEN = Preferences(alert_limit=25, call_cost=4_000, kept_days=90, churn_threshold=0.3)
LISTS = [
    *(("at_risk", stage, which) for stage in ("todo", "closed") for which in (*calls.RULES, "rhythm")),
    *(("at_risk", stage, "all") for stage in ("contacted", "snoozed")),
    *(("win_back", stage, days) for stage in ("todo", "closed") for days in ("0", "60")),
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    made = open_store(settings_for(tmp_path_factory.mktemp("lists")))
    filled(made)
    yield made
    made.dispose()


@pytest.fixture
def people(conn):
    return service.in_service(conn)["customers"]


def filled(store: sa.Engine) -> None:
    """Several hundred customers: ties, gaps, opted out, held out, always called, at every stage of work, one whom nobody knows any more."""
    fill(store, customers=CUSTOMERS)
    with begin_write(store) as conn:
        _untidy(conn, np.random.default_rng(11))
        _worked_on(conn)
        refill_all(conn)


def _untidy(conn, rng: np.random.Generator) -> None:
    said, facts = schema.predictions, schema.customer_facts
    values, details, gone = [], [], []
    for row in conn.execute(sa.select(said.c.id, said.c.measure, said.c.detail).where(said.c.predictor == "customers")).all():
        luck = rng.random()
        if row.measure == "value_at_risk" and luck < 0.35:
            values.append({"row": row.id, "said": 30_000.0 if luck < 0.3 else None})
        elif row.measure == "churn_probability" and luck < 0.5:
            values.append({"row": row.id, "said": 0.4})
            gap = None if luck < 0.1 else 0.5 if luck < 0.15 else 14.0
            details.append({"row": row.id, "told": {**row.detail, "typical_gap_days": gap}})
        elif row.measure == "next_order_date" and luck < 0.05:
            gone.append(row.id)
    one = sa.update(said).where(said.c.id == sa.bindparam("row"))
    conn.execute(one.values(value=sa.bindparam("said")), values)
    conn.execute(one.values(detail=sa.bindparam("told")), details)
    conn.execute(sa.delete(said).where(said.c.id.in_(gone)))
    some = facts.c.customer_id.in_([f"c{n}" for n in range(100, 200)])
    conn.execute(sa.update(facts).where(some).values(spend_365=500_000.0, spend_total=900_000.0))
    conn.execute(sa.update(facts).where(facts.c.customer_id.in_(["c7", "c70", "c170"])).values(contact_opt_out=True))
    conn.execute(sa.delete(facts).where(facts.c.customer_id == "c33"))


def _worked_on(conn) -> None:
    drawn = {"quarter": "2026-Q4", "stratum": 0, "value": 1.0, "drawn_at": NOW}
    arms = {f"c{n}": "held_out" if n % 5 == 0 else "contact" for n in range(0, CUSTOMERS, 9)}
    conn.execute(sa.insert(holdout), [{"customer_id": one, "arm": arm, **drawn} for one, arm in arms.items()])
    conn.execute(sa.insert(always_call).values(customer_id="c4", at=NOW, who="a@example.com"))
    set_preference(conn, "holdout", "on", who="a@example.com", at=NOW)
    rows = []
    for place, number in enumerate(range(0, CUSTOMERS, 3)):
        day = AS_OF - timedelta(days=place % 100)  # some of an earlier silence
        states = (STATES[place % 7],) if place % 4 else ("lost", STATES[place % 7])
        rows += [
            {
                "customer_id": f"c{number}", "kind": "at_risk", "state": state, "opened_at": NOW, "opened_by": "system", "as_of": day,
                "horizon_days": HORIZON, "detail": {}, "watch_until": day + timedelta(days=HORIZON), "owner": "a@example.com",
                "due_on": AS_OF,
            }
            for state in states
        ]  # fmt: skip
    conn.execute(sa.insert(alerts), rows)


def same(found: pd.DataFrame, expected: pd.DataFrame, *, but: tuple[str, ...] = ()) -> None:
    """Whether two frames have the same rows in the same order, in the columns that both have."""
    names = [name for name in expected.columns if name in found.columns and name not in but]
    assert len(names) > 5
    kinds = {name: "float64" for name in names if pd.api.types.is_numeric_dtype(expected[name]) and expected[name].dtype != bool}
    found, expected = found[names].reset_index(drop=True), expected[names].reset_index(drop=True)
    pd.testing.assert_frame_equal(found.astype(kinds), expected.astype(kinds), check_dtype=False, rtol=1e-12)


@pytest.mark.parametrize(("tab", "stage", "which"), LISTS)
def test_a_list_its_pages_and_its_figures_are_those_of_the_frames(conn, people, tab, stage, which):
    asked = Asked(people, CHOSEN, tab, stage, which)
    expected, group = in_memory.picked(conn, asked), in_memory.watched(conn, asked)
    same(call_list.page(conn, asked), expected, but=("reasons",))
    told = [call_list.page(conn, asked, start, PAGE) for start in range(0, max(len(expected), 1), PAGE)]
    assert pd.concat(told)["customer_id"].tolist() == expected["customer_id"].tolist()
    found = call_list.totals(conn, asked)
    assert found.rows == len(expected)
    for name in ("value_at_risk", "expected_profit", "spend_365", "spend_before_silence"):
        assert getattr(found, name) == pytest.approx(expected[name].sum() if name in expected else 0)
    assert found.come_back == pytest.approx((1 - expected["probability"]).sum())
    head = call_list.head(conn, asked)
    everybody = in_memory.risk(conn, people)
    assert head.sizes == {tab: (everybody["population"] == kind).sum() for tab, kind in in_memory.POPULATIONS.items()}
    assert (head.horizon, head.listed) == (HORIZON, len(group))
    assert head.worth == ((group["expected_profit"] > 0).sum() if tab == "at_risk" else 0)
    tab = everybody[everybody["population"] == in_memory.POPULATIONS[tab]]
    assert call_list.mean_risk(conn, asked) == pytest.approx(tab["probability"].mean())
    best = group["expected_profit"].dropna().sort_values(ascending=False).head(60).cumsum()
    assert call_list.gains(conn, asked, 60) == pytest.approx(best.tolist())
    nearest = group.dropna(subset=["expected_profit"]).nlargest(1, "expected_profit")
    assert call_list.nearest(conn, asked)["customer_id"].tolist() == nearest["customer_id"].tolist()


def test_the_lists_above_have_somebody_in_them(conn, people):
    """What is compared above says something: most lists are long, a rule leaves somebody out, and ties occur."""
    sizes = [call_list.totals(conn, Asked(people, CHOSEN, *one)).rows for one in LISTS]
    assert sum(size > 0 for size in sizes) >= len(sizes) - 1 and max(sizes) > 2 * PAGE
    frame = in_memory.risk(conn, people)
    assert frame.duplicated(["value_at_risk", "probability"]).sum() > 20 and frame["value_at_risk"].isna().sum() > 5
    assert len(calls.held_out(conn, AS_OF)) > 5 and not {"c7", "c33", *calls.held_out(conn, AS_OF)} & set(frame["customer_id"])


def test_everybody_is_read_alike(conn, people):
    same(scored(conn, people), in_memory.risk(conn, people))
    same(scored(conn, people, everybody=True), in_memory.risk(conn, people, everybody=True))
    same(scored(conn, people, only=("c5", "c6")), in_memory.risk(conn, people).query("customer_id in ('c5', 'c6')"))


@pytest.mark.parametrize("rule", calls.RULES)
def test_alerts_are_opened_for_the_same_customers(conn, people, rule):
    chosen = CHOSEN.model_copy(update={"alert_rule": rule})
    found = call_list.eligible(conn, people, chosen)
    same(found, in_memory.eligible(conn, people, chosen))
    assert len(found) and set(found["kind"]) == {"at_risk"} and set(found["as_of"]) == {AS_OF}


def test_a_message_names_whom_nobody_has_dealt_with_yet_and_who_may_be_contacted(conn, people):
    """Of those for whom alerts are opened; being held out changes nobody else's place among them."""
    picked = in_memory.eligible(conn, people, CHOSEN)
    asked = Asked(people, CHOSEN, "at_risk", "todo", "profit")
    to_do = set(in_memory.watched(conn, asked)["customer_id"])
    expected = [one for one in picked["customer_id"] if one in to_do]
    assert call_list.to_tell(conn, people, CHOSEN)["customer_id"].tolist() == expected
    assert 0 < len(expected) < len(picked)


def test_the_overview_and_the_routes_say_the_same(conn, people):
    everybody = in_memory.risk(conn, people)
    rows = in_memory.with_profit(everybody[everybody["population"] == "active"], CHOSEN)
    told = call_list.morning(conn, people, CHOSEN)
    earns, whole = rows["expected_profit"] > 0, len(rows)
    rows = in_memory.with_work(conn, rows).query("work == 'todo'")
    assert (told.active, told.horizon_days, told.high) == (whole, HORIZON, (rows["probability"] >= CHOSEN.churn_threshold).sum())
    assert told.value_at_risk == pytest.approx(rows["value_at_risk"].sum())
    worth = rows[rows["expected_profit"] > 0].head(CHOSEN.alert_limit)
    assert told.dealt_with == earns.sum() - (rows["expected_profit"] > 0).sum() > 0
    assert told.worth == len(worth) > 0 and told.first["customer_id"].tolist() == worth["customer_id"].tolist()[:1]
    assert call_list.morning(conn, people, Preferences(call_cost=10**9)).first["customer_id"].iloc[0] == rows["customer_id"].iloc[0]
    late = in_memory.latest_first(rows).query("lateness > 1")
    count, first = call_list.late(conn, people, 3)
    assert count == len(late) and first["customer_id"].tolist() == late["customer_id"].tolist()[:3]
    asked = Asked(people, CHOSEN, "at_risk", "todo", "all")
    assert told.value_at_risk == pytest.approx(call_list.totals(conn, asked).value_at_risk)
    assert told.worth == call_list.totals(conn, asked._replace(which="profit")).rows
    answers = churn_answers.churn_answers(conn, people, CHOSEN)
    assert [one["customer_id"] for one in answers] == everybody["customer_id"].tolist()
    assert [one["reasons"] for one in answers] == everybody["reasons"].tolist()
    stakes = everybody["value_at_risk"].round(2).astype(object)
    assert [one["value_at_risk"] for one in answers] == stakes.where(stakes.notna(), None).tolist()
    for one in (answers[0], next(one for one in answers if one["next_order_date"] is None)):
        alone = churn_answers.churn_answer(conn, people, CHOSEN, one["customer_id"])
        assert {name: alone[name] for name in one} == one
        said = customer.outlook(conn, people, one["customer_id"])
        assert one["value_12m"] == round(customer.discounted(said.value_12m, CHOSEN.discount_rate), 2)
        assert one["next_order_date"] == (said.next_date.isoformat() if said.next_date else None)


def test_the_segments_are_those_of_the_frames(conn, people):
    groups = service.in_service(conn)["segments"]
    members = in_memory.members(conn, groups)
    same(customers.members(groups).frame(conn), members, but=("contact_opt_out",))  # of one whom nobody knows: nothing
    summary = customers.segments(conn, groups).set_index("segment")
    for name, rows in members.groupby("segment"):
        assert summary.loc[name, "customers"] == len(rows) and summary.loc[name, "cluster_id"] == rows["cluster_id"].iloc[0]
        for figure in ("recency_days", "frequency", "spend"):
            assert summary.loc[name, figure] == pytest.approx(rows[figure].mean())
        assert summary.loc[name, "total_spend"] == pytest.approx(rows["spend"].sum())
    assert summary["share"].sum() == pytest.approx(1) and summary["spend_share"].sum() == pytest.approx(1)
    everybody = in_memory.risk(conn, people, everybody=True)
    active = everybody[everybody["population"] == "active"].merge(members[["customer_id", "segment"]], on="customer_id")
    rates = segments.outlook(conn, groups, people).set_index("segment")["churn_rate"]
    assert rates.to_dict() == pytest.approx(active.groupby("segment")["probability"].mean().to_dict())


@pytest.mark.parametrize("wanted", ["", "soto", "ñuñoa", "NUNOA", "rojas carla", "nobody", "&"])
@pytest.mark.parametrize("by_name", [True, False])
def test_the_customers_of_a_segment_are_found_and_paged_as_by_frames(conn, wanted, by_name):
    groups = service.in_service(conn)["segments"]
    members = in_memory.members(conn, groups)
    members = members[~members["customer_id"].isin(calls.kept_from_contact(conn, AS_OF))]
    counts = []
    for name, rows in members.groupby("segment"):
        names, zones = rows["name"].fillna("").map(searchable), rows["zone"].fillna("").map(searchable)
        words = searchable(wanted).split()
        named = names.map(lambda name, words=words: bool(words) and all(word in name for word in words))
        lives = zones.map(lambda zone, words=words: bool(words) and " ".join(words) in zone)
        expected = rows.loc[(lives | named if by_name else lives) | (not wanted), "customer_id"].tolist()
        asked = segment_list.Asked(groups, name, wanted, by_name)
        assert segment_list.count(conn, asked) == len(expected)
        assert segment_list.page(conn, asked)["customer_id"].tolist() == expected
        told = [segment_list.page(conn, asked, start, PAGE) for start in range(0, max(len(expected), 1), PAGE)]
        assert pd.concat(told)["customer_id"].tolist() == expected
        counts.append(len(expected))
    assert bool(sum(counts)) == (wanted not in ("nobody", "&") and (by_name or wanted in ("", "ñuñoa", "NUNOA")))


def test_the_coming_orders_are_those_of_the_frames(conn, people):
    groups = service.in_service(conn)["segments"]
    found, expected = next_orders.coming(conn, people, groups), in_memory.coming(conn, people, groups)
    same(found, expected)
    same(next_orders.told(conn, people, found), expected)
    page = slice(2 * PAGE, 3 * PAGE)
    same(next_orders.told(conn, people, found.iloc[page]), expected.iloc[page])
    assert set(found["state"]) >= {"due", "overdue", "too_late", "unknown"} and found["chance"].isna().any()
    for state, filters in (("all", {"zone": "Ñuñoa"}), ("overdue", {"customer_type": "Hogar", "segment": "loyal"}), ("too_late", {})):
        left, right = (next_orders.chosen(frame, state, filters) for frame in (found, expected))
        assert left["customer_id"].tolist() == right["customer_id"].tolist() and len(left)
