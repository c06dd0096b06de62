"""Products, zones and customer types: they add up to the company, their truth is theirs, small ones go by proportions."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.predictors.base import Company
from ml.predictors.demand import Demand, _members
from ml.predictors.demand.rows import least_of
from ml.predictors.demand.series import OTHERS, named_parts, part_matrix, part_rows, tail_shares
from ml.source.tables import SPECS, Tables, conform
from tests.unit.predictors.test_demand_bad_input import Light

END = date(2025, 12, 10)
DAYS = 240


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Three zones of very different size (one order in twenty has none), two types, two bottles and a dispenser; two lines an order."""
    rng = np.random.default_rng(5)
    orders, lines = [], []
    for day in pd.date_range(end=pd.Timestamp(END), periods=DAYS, freq="D"):
        for _ in range(rng.poisson(6.0) if day.day_of_week < 5 else 0):
            key, who = f"o{len(orders)}", int(rng.integers(40))
            zone = rng.choice(["North", "South", "West", None], p=[0.6, 0.3, 0.05, 0.05])
            bottle, count = ("pc", "pet")[rng.random() < 0.3], float(rng.integers(1, 5))
            lines += [(key, bottle, count, count * 2000), (key, "dispenser", 1.0, 500.0)]
            orders.append((key, f"c{who}", day, count * 2000 + 700, zone))
    frame = pd.DataFrame(orders, columns=["order_id", "customer_id", "order_date", "amount", "zone"])
    frame["known_at"] = frame["order_date"]
    sold = pd.DataFrame(lines, columns=["order_id", "product_id", "quantity", "amount"]).merge(
        frame[["order_id", "known_at"]], on="order_id"
    )
    people = pd.DataFrame({"customer_id": [f"c{who}" for who in range(40)], "known_at": frame["known_at"].min()})
    people["customer_type"] = ["Empresa" if who % 4 == 0 else "Hogar" for who in range(40)]
    products = pd.DataFrame(
        {"product_id": ["pc", "pet", "dispenser"], "is_bottle": [True, True, False], "known_at": frame["known_at"].min()}
    )
    products["name"] = ["Botellón PC", "Botellón PET", "Dispensador"]
    frames = {"orders": frame, "order_lines": sold, "customers": people, "products": products}
    return Tables({name: conform(SPECS[name], value) for name, value in frames.items()})


@pytest.fixture(scope="module")
def answer(tables) -> pd.DataFrame:
    return Demand(Company()).fit(tables, END).predict(tables, END)


def test_parts_of_a_kind_add_up_to_the_company(answer):
    company = answer[answer["entity_type"] == "company"].set_index(["measure", "window_days"])["value"]
    parts = answer[answer["entity_type"].isin(["zone", "customer_type", "product"])]
    sums = parts.groupby(["entity_type", "measure", "window_days"])["value"].sum()
    assert len(sums) == 2 * 3 * 2 + 2 * 2
    for (_, measure, window), value in sums.items():
        assert value == pytest.approx(company[measure, window], rel=0.005)


def test_the_days_inside_a_part_add_up_too_and_are_closed_with_the_company(answer):
    days = answer[(answer["entity_type"] == "company") & (answer["measure"] == "orders") & (answer["window_days"] == 1)]["value"]
    zones = answer[(answer["entity_type"] == "zone") & (answer["measure"] == "orders") & (answer["window_days"] == 30)]
    paths = np.array([detail["path"]["value"] for detail in zones["detail"]])
    assert paths.shape[1] == 90
    assert paths.sum(axis=0) == pytest.approx(days.to_numpy(), rel=0.005)
    for detail in zones["detail"]:
        path = {name: np.array(values) for name, values in detail["path"].items()}
        assert (path["lo95"] <= path["lo80"]).all() and (path["lo80"] <= path["value"]).all()
        assert (path["value"] <= path["hi80"]).all() and (path["hi80"] <= path["hi95"]).all()
        assert (path["hi80"] == path["hi80"].round()).all(), "counts have whole bands"
        assert (path["hi95"][path["value"] == 0] == 0).all()


def test_a_part_without_a_name_is_the_rest(answer, tables):
    zones = answer[(answer["entity_type"] == "zone") & (answer["window_days"] == 7) & (answer["measure"] == "orders")]
    assert set(zones["entity_id"]) == {"North", "South", "West", OTHERS}
    assert zones.set_index("entity_id").loc["North", "value"] > zones.set_index("entity_id").loc["South", "value"]


def test_products_share_the_order_s_own_amount(tables):
    rows = part_rows(tables, "product", "revenue")
    assert rows["value"].sum() == pytest.approx(tables["orders"]["amount"].sum())
    bottles = part_rows(tables, "product", "bottles")
    assert set(bottles["part"]) == {"pc", "pet"}


def test_a_bottle_s_week_has_quantiles_of_its_own_and_what_ordering_by_them_would_have_done(answer):
    week = answer[(answer["entity_type"] == "product") & (answer["measure"] == "bottles") & (answer["window_days"] == 7)]
    assert set(week["entity_id"]) == {"pc", "pet"}
    for row in week.itertuples():
        levels = {float(level): value for level, value in row.detail["quantiles"].items()}
        assert sorted(levels.values()) == [levels[level] for level in sorted(levels)]
        assert levels[0.99] > row.value > 0
        service = row.detail["service"]
        assert service["weeks"] >= 10
        kept = [service["levels"][level]["kept"] for level in ("0.5", "0.8", "0.95", "0.99")]
        assert kept == sorted(kept) and kept[1] >= 0.6 * service["weeks"] and kept[3] >= 0.9 * service["weeks"]
        assert row.detail["record"]["weeks"] >= 10 and 0 < row.detail["record"]["error"] < 1
    path = np.array([row.detail["name"] for row in week.itertuples()])
    assert set(path) == {"Botellón PC", "Botellón PET"}


def test_a_week_s_quantile_is_no_sum_of_daily_ones(answer):
    bottles = answer[(answer["entity_type"] == "product") & (answer["measure"] == "bottles") & (answer["entity_id"] == "pc")]
    daily = bottles[bottles["window_days"] == 30]["detail"].iloc[0]["path"]["hi80"][:7]
    weekly = bottles[bottles["window_days"] == 7]["detail"].iloc[0]["quantiles"]["0.9"]
    assert weekly < 0.95 * sum(daily)


def test_the_truth_of_a_part_is_its_own(tables):
    cutoff = END - timedelta(days=40)
    demand = Demand(Company()).fit(tables, cutoff)
    asked = demand.predict(tables, cutoff)
    truth = demand.actual(tables, asked, END)
    orders = tables["orders"]
    window = orders[(orders["order_date"] > pd.Timestamp(cutoff)) & (orders["order_date"] <= pd.Timestamp(cutoff + timedelta(days=30)))]
    zone = asked[(asked["entity_type"] == "zone") & (asked["measure"] == "revenue") & (asked["window_days"] == 30)]
    for row in zone.itertuples():
        mine = window["zone"].isna() if row.entity_id == OTHERS else window["zone"] == row.entity_id
        assert truth[row.Index] == pytest.approx(window.loc[mine, "amount"].sum())
    assert truth[asked["entity_type"] == "measure"].isna().all()


def test_bands_of_money_hold_the_days_without_a_sale(tables):
    """Money of a small part is 0 on most days: the lower edge must be 0 there, not a few pesos that nobody ever paid."""
    cutoff = END - timedelta(days=40)
    answer = Light(Company()).fit(tables, cutoff).predict(tables, cutoff)
    for kind in ("zone", "product"):
        cells, inside = part_rows(tables, kind, "revenue"), []
        for row in answer[(answer["entity_type"] == kind) & (answer["measure"] == "revenue") & (answer["window_days"] == 30)].itertuples():
            path = {name: np.array(values[:40]) for name, values in row.detail["path"].items()}
            came = cells[cells["part"] == row.entity_id].groupby("order_date")["value"].sum()
            came = came.reindex(pd.date_range(cutoff + timedelta(days=1), END), fill_value=0.0).to_numpy()
            judged = path["value"] > 0
            inside += ((came >= path["lo80"]) & (came <= path["hi80"]))[judged].tolist()
            assert not ((path["lo80"] > 0) & (path["lo80"] < 500)).any()
        assert np.mean(inside) >= 0.7, kind


def test_the_smallest_sale_is_that_of_each_part():
    frame = pd.DataFrame({"ds": pd.date_range("2025-01-01", periods=4), "a": [0.0, 500.0, 500.0, 900.0], "b": 0.0})
    assert least_of(frame).tolist() == [500.0, 0.0]


def test_a_part_first_sold_after_the_fit_falls_to_the_rest_and_all_adds_up(tables):
    cutoff = END - timedelta(days=40)
    demand = Demand(Company()).fit(tables, cutoff)
    orders = tables["orders"].copy()
    late = orders["order_date"] > pd.Timestamp(cutoff)
    orders.loc[late & (orders["zone"] == "West"), "zone"] = "East"
    frames = {name: tables[name] for name in ("order_lines", "customers", "products")} | {"orders": orders}
    answer = demand.predict(Tables(frames), END)
    zones = answer[(answer["entity_type"] == "zone") & (answer["measure"] == "orders") & (answer["window_days"] == 30)]
    told = zones["detail"].map(lambda detail: detail["method"])
    assert told[zones["entity_id"] == "East"].tolist() == ["proportion"]
    assert zones.loc[zones["entity_id"] == "East", "value"].iloc[0] < zones.loc[zones["entity_id"] == OTHERS, "value"].iloc[0]
    zones = zones[told != "proportion"]
    total = answer[(answer["entity_type"] == "company") & (answer["measure"] == "orders") & (answer["window_days"] == 30)]["value"].iloc[0]
    assert zones["value"].sum() == pytest.approx(total, rel=0.005)


def test_a_backtest_asks_for_the_company_alone(tables):
    brief = Demand(Company(only_judged=True)).fit(tables, END)
    assert set(brief.predict(tables, END)["entity_type"]) == {"company"}


def test_there_are_never_more_parts_than_a_quarter_of_the_customers():
    days = pd.date_range(end=pd.Timestamp(END), periods=30)
    rows = pd.DataFrame({"order_date": np.repeat(days, 50), "part": [f"z{number}" for number in range(50)] * 30, "value": 1.0})
    names = named_parts(rows, END, customers=20)
    assert len(names) == 5
    matrix = part_matrix(rows, names, pd.Series(days))
    assert list(matrix.columns) == ["ds", *names, OTHERS]
    assert matrix[OTHERS].sum() == 45 * 30
    assert len(tail_shares(rows, names, END)) == 45 and tail_shares(rows, names, END).sum() == pytest.approx(1.0)


def test_large_parts_get_the_full_ensemble_small_ones_the_light_one_the_smallest_none():
    days = pd.DataFrame({"ds": pd.date_range("2025-01-01", periods=100)})
    frame = days.assign(**{f"z{number:02}": 30.0 if number < 30 else 2.0 for number in range(40)}, small=0.01)
    chosen = _members({("orders", "zone"): frame}, orders_a_day=950.0)["orders", "zone"]
    assert sum(choice == "full" for choice in chosen.values()) == 20
    assert {chosen[f"z{number:02}"] for number in range(20, 40)} == {"light"}
    assert "small" not in chosen
    assert _members({("orders", "zone"): frame}, orders_a_day=4.0)["orders", "zone"] == {}
