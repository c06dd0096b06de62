from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from ml.predictors.base import Company, NotEnoughData, PredictorError
from ml.predictors.price import Price
from ml.source.tables import SPECS, Tables, conform
from tests.unit.pricing.conftest import AS_OF, WEEKS, promotions, sell

CUTOFF = AS_OF - timedelta(days=28)


def as_tables(lines: pd.DataFrame, costs: dict[str, float] | None = None) -> Tables:
    """`sales_lines` as canonical tables: one order a line."""
    ids = [f"o{number}" for number in range(len(lines))]
    orders = lines.assign(order_id=ids, order_date=lines["day"], amount=lines["quantity"] * lines["price"], known_at=lines["day"])
    rows = orders.assign(unit_price=orders["price"])
    customers = orders.groupby("customer_id", as_index=False).agg(customer_type=("customer_type", "first"), known_at=("day", "min"))
    frames = {"orders": orders, "order_lines": rows, "customers": customers}
    if costs:
        day = lines["day"].min()
        frames["unit_costs"] = pd.DataFrame({"product_id": list(costs), "unit_cost": list(costs.values()), "date": day, "known_at": day})
    return Tables({name: conform(SPECS[name], frame) for name, frame in frames.items()})


@pytest.fixture(scope="module")
def tables() -> Tables:
    """One product with a known elasticity at homes and personal prices that never change at offices; one without any price change."""
    homes = sell(41, promotions(np.random.default_rng(4), share=0.3), -0.5, customers=80)
    offices = sell(42, np.zeros(WEEKS), 0.0, customers=15, kind="Empresa", factors=np.linspace(0.6, 0.8, 15))
    still = sell(43, np.zeros(WEEKS), 0.0, customers=40, product_id="CUP")
    return as_tables(pd.concat([homes, offices, still], ignore_index=True), {"PC": 1000.0})


@pytest.fixture(scope="module")
def fitted(tables) -> Price:
    return Price(Company()).fit(tables, CUTOFF)


@pytest.fixture(scope="module")
def answer(fitted, tables) -> pd.DataFrame:
    return fitted.predict(tables, CUTOFF)


def row(answer, measure, entity):
    (found,) = answer[(answer["measure"] == measure) & (answer["entity_id"] == entity)].to_dict("records")
    return found


def test_one_row_per_product_and_one_per_customer_type_where_there_are_several(answer):
    entities = set(answer.loc[answer["measure"] == "elasticity", "entity_id"])
    assert entities == {"PC", "PC|Hogar", "PC|Empresa", "CUP"}
    assert row(answer, "elasticity", "PC|Hogar")["detail"]["customer_type"] == "Hogar"


def test_the_elasticity_has_its_band_and_holds_the_truth(answer):
    read = row(answer, "elasticity", "PC|Hogar")
    assert read["detail"]["enough_variation"]
    assert read["detail"]["reason"] is None
    assert read["lo95"] <= read["lo80"] <= read["value"] + 0.5
    assert read["lo95"] <= -0.5 <= read["hi95"]


def test_without_price_changes_there_is_a_reason_and_no_suggestion(answer):
    for measure in ("elasticity", "suggested_price"):
        silent = row(answer, measure, "CUP")
        assert np.isnan(silent["value"])
        assert silent["detail"]["reason"]["code"] == "not_enough_price_variation"
        assert not silent["detail"]["enough_variation"]


def test_a_suggestion_stays_within_the_limit_of_todays_price(answer):
    suggested = answer[answer["measure"] == "suggested_price"]
    priced = suggested.dropna(subset=["value"])
    for _, one in priced.iterrows():
        assert abs(one["value"] / one["detail"]["current_price"] - 1) <= 0.10 + 1e-9


def test_a_product_whose_types_pay_different_prices_points_to_them(answer):
    assert row(answer, "suggested_price", "PC")["detail"]["prices_differ_by_customer_type"]
    assert np.isnan(row(answer, "suggested_price", "PC")["value"])


def test_no_false_suggestion_when_prices_never_moved():
    for seed in range(3):
        personal = {"factors": np.linspace(0.7, 1.2, 30), "sizes": np.linspace(12, 2, 30), "discount": 0.15}
        tables = as_tables(sell(50 + seed, np.zeros(WEEKS), 0.0, customers=30, **personal))
        answer = Price(Company()).fit(tables, AS_OF).predict(tables, AS_OF)
        assert answer.loc[answer["measure"] == "suggested_price", "value"].isna().all()


def test_units_are_foreseen_beside_the_last_28_days_and_judged_after_28(fitted, tables, answer):
    units = answer[answer["measure"] == "units_28d"]
    assert (units["target_date"] == pd.Timestamp(AS_OF)).all()
    truth = fitted.actual(tables, answer, AS_OF)
    lines = tables["order_lines"].merge(tables["orders"][["order_id", "order_date"]], on="order_id")
    came = lines[lines["order_date"] > pd.Timestamp(CUTOFF)].groupby("product_id")["quantity"].sum()
    assert truth[units.index].to_numpy() == pytest.approx(units["entity_id"].map(came).to_numpy(dtype=float))
    assert fitted.actual(tables, answer, AS_OF - timedelta(days=1))[units.index].isna().all()
    before = lines[(lines["order_date"] <= pd.Timestamp(CUTOFF)) & (lines["order_date"] > pd.Timestamp(CUTOFF) - pd.Timedelta(days=28))]
    baseline = fitted.baseline(tables, CUTOFF).set_index("entity_id")["value"]
    assert baseline["PC"] == before.loc[before["product_id"] == "PC", "quantity"].sum()


def test_newer_tables_move_prices_and_units_but_not_the_elasticity(fitted, tables, answer):
    later = fitted.predict(tables, AS_OF)
    assert row(later, "elasticity", "PC|Hogar")["value"] == row(answer, "elasticity", "PC|Hogar")["value"]
    assert row(later, "units_28d", "PC")["value"] != row(answer, "units_28d", "PC")["value"]


def test_what_ifs_answer_through_the_predictor(fitted):
    assert fitted.price_what_if("PC", "Hogar", 3100.0).units.value > 0
    order = fitted.suggest_for(quantity=2, customer_type="Hogar", recency_days=10, frequency=20, monetary_total=100_000)
    assert order.suggested_price > 0


def test_too_few_lines_or_nothing_sold_lately_are_not_enough(tables):
    with pytest.raises(NotEnoughData, match="0 came, at least 50 are needed"):
        Price(Company()).fit(Tables({}), AS_OF)
    with pytest.raises(NotEnoughData, match="sold within the last 91 days"):
        Price(Company()).fit(tables, AS_OF + timedelta(days=400))


def test_asked_before_it_was_fitted_it_says_so(tables):
    with pytest.raises(PredictorError, match="before it was fitted"):
        Price(Company()).predict(tables, AS_OF)


def with_test(tables: Tables, *, known_at) -> Tables:
    """The company with a price test on half of the homes, whose posted units and prices say -2 for PC."""
    homes = [f"Hogar-{number}" for number in range(80)]
    arm = np.arange(80) % 2
    usual = 10.0 + np.arange(80) // 2 % 5
    end = pd.Timestamp(known_at)
    rows = pd.DataFrame(
        {"experiment_id": "one", "customer_id": homes, "arm": arm, "product_id": "PC", "start": end - pd.Timedelta(days=40),
         "end": end, "units": usual * 1.1 ** (-2.0 * arm), "unit_price": 3240.0 * 1.1**arm, "is_simulated": True,
         "known_at": end}
    )  # fmt: skip
    return tables.with_rows("price_tests", rows)


def test_a_finished_price_test_moves_the_elasticity_and_is_told(tables, answer):
    other = with_test(tables, known_at=CUTOFF)
    told = row(Price(Company()).fit(other, CUTOFF).predict(other, CUTOFF), "elasticity", "PC|Hogar")
    before = row(answer, "elasticity", "PC|Hogar")
    (one,) = told["detail"]["tests"]
    assert one["value"] == pytest.approx(-2.0, abs=0.6) and one["is_simulated"] and one["customers"] == [40, 40]
    assert one["value"] < told["value"] < before["value"]
    assert told["hi80"] - told["lo80"] < before["hi80"] - before["lo80"]
    assert told["detail"]["history"]["value"] == before["value"]
    assert "tests" not in before["detail"]


def test_a_price_test_that_is_not_over_is_not_known(tables, answer):
    other = with_test(tables, known_at=CUTOFF + timedelta(days=1))
    pd.testing.assert_frame_equal(Price(Company()).fit(other, CUTOFF).predict(other, CUTOFF), answer)
