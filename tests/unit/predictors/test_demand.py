from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.evaluation.metrics import METRICS
from ml.predictors.base import Company, NotEnoughData
from ml.predictors.demand import Demand
from ml.source.tables import SPECS, Tables, conform

END = date(2025, 12, 10)
ONLY_JUDGED = Company(only_judged=True)
SHARES = (1.0, 1.15, 1.25, 0.8, 0.8, 0.0, 0.0)


def company(days: int, per_day: float, *, end: date = END, bottles: bool = True, seed: int = 3) -> Tables:
    """Orders of a Monday-to-Friday water company, one line each; every fifth order is a dispenser, no bottle."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in pd.date_range(end=pd.Timestamp(end), periods=days, freq="D"):
        for _ in range(rng.poisson(per_day * SHARES[day.day_of_week])):
            product, quantity = ("dispenser", 1.0) if rng.random() < 0.2 else ("pc", float(rng.integers(1, 5)))
            rows.append((f"o{len(rows)}", f"c{rng.integers(40)}", day, product, quantity, quantity * 2500))
    frame = pd.DataFrame(rows, columns=["order_id", "customer_id", "order_date", "product_id", "quantity", "amount"])
    frame["known_at"] = frame["order_date"]
    products = pd.DataFrame({"product_id": ["pc", "dispenser"], "is_bottle": [bottles, False], "known_at": frame["order_date"].min()})
    frames = {"orders": frame, "order_lines": frame, "products": products}
    return Tables({name: conform(SPECS[name], value) for name, value in frames.items()})


def whole(answer: pd.DataFrame) -> pd.DataFrame:
    """The rows of the company itself."""
    return answer[answer["entity_type"] == "company"].reset_index(drop=True)


@pytest.fixture(scope="module")
def small() -> tuple[Tables, Demand]:
    tables = company(200, 4.0)
    return tables, Demand(Company()).fit(tables, END)


def test_ninety_days_and_two_totals_per_measure(small):
    tables, demand = small
    answer = demand.predict(tables, END)
    assert not answer.duplicated(["measure", "entity_type", "entity_id", "target_date", "window_days"]).any()
    answer = whole(answer)
    assert answer.groupby(["measure", "window_days"]).size().to_dict() == {
        (measure, window): 90 if window == 1 else 1 for measure in ("orders", "revenue", "bottles") for window in (1, 7, 30)
    }
    assert set(answer["entity_id"]) == {"all"}
    days = answer[(answer["measure"] == "orders") & (answer["window_days"] == 1)]
    assert days["target_date"].iloc[0] == pd.Timestamp(END + timedelta(days=1))
    assert days["target_date"].iloc[-1] == pd.Timestamp(END + timedelta(days=90))
    totals = answer[answer["window_days"] > 1]
    assert (pd.to_datetime(totals["target_date"]) == pd.Timestamp(END) + pd.to_timedelta(totals["window_days"], unit="D")).all()
    numbers = answer[["value", "lo80", "hi80", "lo95", "hi95"]]
    assert numbers.notna().all().all() and (numbers >= 0).all().all()


def test_a_total_is_the_sum_of_its_days(small):
    tables, demand = small
    answer = whole(demand.predict(tables, END))
    for measure, rows in answer.groupby("measure"):
        days = rows[rows["window_days"] == 1]["value"]
        for window in (7, 30):
            total = rows[rows["window_days"] == window].iloc[0]
            assert total["value"] == pytest.approx(days.iloc[:window].sum()), measure
            assert total["lo95"] <= total["lo80"] <= total["value"] <= total["hi80"] <= total["hi95"]


def test_closed_days_and_holidays_are_shown(small):
    tables, demand = small
    answer = whole(demand.predict(tables, END))
    days = answer[(answer["measure"] == "orders") & (answer["window_days"] == 1)].set_index("target_date")
    saturday = days.loc["2025-12-13"]
    assert saturday["detail"]["open"] is False and saturday["value"] == 0 and saturday["hi95"] == 0
    assert days.loc["2025-12-25", "detail"]["holiday"] == "Navidad"
    assert days.loc["2025-12-15", "detail"]["holiday"] is None
    assert set(days.loc["2025-12-15", "detail"]["members"]) == {"ridge", "holt_winters", "state_space", "xgboost", "prophet"}
    assert answer.loc[answer["window_days"] == 7, "detail"].iloc[0]["open_days"] == 5


def test_orders_bands_are_whole_numbers(small):
    tables, demand = small
    answer = demand.predict(tables, END)
    edges = answer.loc[answer["measure"] == "orders", ["lo80", "hi80", "lo95", "hi95"]]
    assert (edges == edges.round()).all().all()


def test_orders_on_closed_days_are_counted():
    tables = company(200, 4.0)
    orders = tables["orders"]
    stray = orders.tail(2).assign(order_id=["s1", "s2"], order_date=pd.Timestamp("2025-11-15"), known_at=pd.Timestamp("2025-11-15"))
    frames = {"orders": pd.concat([orders, stray], ignore_index=True)}
    answer = whole(Demand(ONLY_JUDGED).fit(Tables(frames), END).predict(Tables(frames), END))
    closed = answer.loc[(answer["measure"] == "orders") & (answer["window_days"] == 30), "detail"].iloc[0]["closed_days"]
    assert closed["days"] == 1 and closed["sum"] == 2.0 and 0 < closed["share"] < 0.01


def test_without_bottles_there_are_no_bottles_rows():
    tables = company(130, 4.0, bottles=False)
    assert set(whole(Demand(ONLY_JUDGED).fit(tables, END).predict(tables, END))["measure"]) == {"orders", "revenue"}
    only_orders = Tables({"orders": tables["orders"]})
    assert set(whole(Demand(Company()).fit(only_orders, END).predict(only_orders, END))["measure"]) == {"orders", "revenue"}


def test_the_truth_is_what_was_sold_within_the_window(small):
    tables, demand = small
    cutoff = END - timedelta(days=20)
    predicted = whole(demand.predict(tables, cutoff))
    truth = demand.actual(tables, predicted, END)
    orders = tables["orders"]
    week = orders[(orders["order_date"] > pd.Timestamp(cutoff)) & (orders["order_date"] <= pd.Timestamp(cutoff + timedelta(days=7)))]
    weekly = (predicted["window_days"] == 7) & (predicted["measure"] == "revenue")
    assert truth[weekly].iloc[0] == week["amount"].sum()
    assert truth[predicted["target_date"] > pd.Timestamp(END)].isna().all()
    days = (predicted["window_days"] == 1) & (predicted["measure"] == "bottles") & (predicted["target_date"] <= pd.Timestamp(END))
    lines = tables["order_lines"]
    sold = lines[(lines["product_id"] == "pc") & (lines["known_at"] > pd.Timestamp(cutoff))]["quantity"].sum()
    assert truth[days].sum() == sold and truth[days].notna().all()


def test_the_baseline_answers_the_same_question_and_is_beaten(small):
    tables, demand = small
    cutoff = END - timedelta(days=30)
    model = Demand(ONLY_JUDGED).fit(tables, cutoff)
    keys = ["measure", "target_date", "window_days"]
    predicted, naive = model.predict(tables, cutoff), model.baseline(tables, cutoff)
    pd.testing.assert_frame_equal(predicted[keys], naive[keys])
    scores = []
    for answer in (predicted, naive):
        judged = model.judged(answer)
        assert judged.groupby("measure").size().unique().tolist() == [30]
        scores.append(METRICS["mase"].score(judged.assign(actual=model.actual(tables, judged, END))))
    assert scores[0] < scores[1]


def test_a_new_day_moves_the_answer_without_fitting(small):
    tables, _ = small
    earlier = END - timedelta(days=1)
    demand = Demand(ONLY_JUDGED).fit(tables, earlier)
    answer = demand.predict(tables, END)
    assert answer["target_date"].min() == pd.Timestamp(END + timedelta(days=1))
    assert len(answer) == 276


def test_little_data_says_so():
    tables = company(60, 4.0)
    answer = whole(Demand(Company()).fit(tables, END).predict(tables, END))
    details = answer.loc[answer["window_days"] == 1, "detail"]
    assert all(detail["reason"]["code"] == "short_history" for detail in details)
    assert answer["value"].notna().all() and len(answer) == 276


def test_too_little_data_is_refused_in_a_sentence():
    with pytest.raises(NotEnoughData, match="There are no orders yet"):
        Demand(Company()).fit(Tables({}), END)
    with pytest.raises(NotEnoughData, match=r"The orders span \d days: a forecast needs at least 14"):
        Demand(Company()).fit(company(7, 9.0), END)
