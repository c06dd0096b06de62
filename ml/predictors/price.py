"""What does a price change do to sales, and what price is worth trying?"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ml.calendar import holiday_names
from ml.predictors.base import Company, Measure, NotEnoughData, Predictor, PredictorError
from ml.pricing.elasticity import Elasticity
from ml.pricing.lines import sales_lines
from ml.pricing.model import CellModel, PriceModel, PriceTests, current_prices, fit_prices, last_unit_costs
from ml.pricing.suggest import Suggestion, suggest_price
from ml.pricing.units import WINDOW_DAYS, daily_units
from ml.pricing.whatif import OrderSuggestion, PriceWhatIf, price_what_if, suggest_for
from ml.source.tables import Tables

MIN_LINES = 50
SAME_PRICE = 0.03
NO_BANDS = dict.fromkeys(("lo80", "hi80", "lo95", "hi95"), np.nan)


class Price(Predictor):
    """Elasticity and a suggested price per product (and per customer type, as "product|type"), and units of the next 28 days.

    The elasticity is the model's; the price it starts from and the units are today's.
    """

    name: ClassVar[str] = "price"
    question: ClassVar[str] = "What does a price change do to sales, and which price is worth trying?"
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("elasticity", "% per %", ("product",), 0, None),
        Measure("suggested_price", "CLP", ("product",), 0, None),
        Measure("units_28d", "units", ("product",), WINDOW_DAYS, "wape", "units of the last 28 days"),
    )
    reads: ClassVar[tuple[str, ...]] = ("customers", "orders", "order_lines", "unit_costs", "price_tests")

    def __init__(self, company: Company) -> None:
        super().__init__(company)
        self.model_: PriceModel | None = None

    def _fit(self, tables: Tables, as_of: date) -> None:
        lines = _lines(tables)
        if len(lines) < MIN_LINES:
            raise NotEnoughData(
                f"Prices need order lines with a product, quantity and price: {len(lines)} came, at least {MIN_LINES} are needed."
            )
        first = lines["day"].min().date()
        holidays = self._holidays(first, as_of)
        tests = PriceTests(tables["price_tests"], tables["customers"])
        rng = np.random.default_rng(self.company.seed)
        self.model_ = fit_prices(lines, tables["unit_costs"], as_of, holidays, rng=rng, tests=tests)
        if not self.model_.products:
            raise NotEnoughData("Prices need a product with at least 20 order lines, sold within the last 91 days; there is none.")

    def _predict(self, tables: Tables, as_of: date) -> pd.DataFrame:
        model = self._model()
        lines, costs = _lines(tables), last_unit_costs(tables["unit_costs"])
        prices = current_prices(model, lines, as_of)
        rows = [row for product in model.products for row in self._price_rows(product, prices, costs.get(product), as_of)]
        return pd.concat([pd.DataFrame(rows), self._unit_rows(lines, as_of)], ignore_index=True)

    def _baseline(self, tables: Tables, as_of: date) -> pd.DataFrame:
        model = self._model()
        daily = daily_units(_lines(tables), model.products, as_of)
        recent = daily.iloc[-WINDOW_DAYS:]
        value = recent.sum(axis=0) * WINDOW_DAYS / max(len(recent), 1)
        return _unit_frame(value.to_frame("value").assign(**NO_BANDS), as_of, {})

    def _actual(self, tables: Tables, predicted: pd.DataFrame, as_of: date) -> pd.Series | None:
        truth = pd.Series(np.nan, index=predicted.index)
        judged = predicted[predicted["measure"] == "units_28d"]
        daily = daily_units(_lines(tables), sorted(judged["entity_id"].unique()), as_of)
        for (target, days), rows in judged.groupby(["target_date", "window_days"]):
            end = pd.Timestamp(str(target))
            window = daily[(daily.index > end - pd.Timedelta(days=int(str(days)))) & (daily.index <= end)].sum(axis=0)
            truth.loc[rows.index] = rows["entity_id"].map(window).astype(float)
        return truth

    def price_what_if(self, product_id: str, customer_type: str | None, price: float, *, current_price: float | None = None) -> PriceWhatIf:
        """28 days at a price; see `ml.pricing.whatif.price_what_if`. Raises PricingError."""
        return price_what_if(self._model(), product_id, customer_type, price, current_price=current_price)

    def suggest_for(
        self, *, quantity: float, customer_type: str | None, recency_days: float, frequency: float, monetary_total: float
    ) -> OrderSuggestion:
        """A total for one order; see `ml.pricing.whatif.suggest_for`. Raises PricingError."""
        return suggest_for(
            self._model(),
            self.company.preferences,
            quantity=quantity,
            customer_type=customer_type,
            recency_days=recency_days,
            frequency=frequency,
            monetary_total=monetary_total,
        )

    def _model(self) -> PriceModel:
        if self.model_ is None:
            raise PredictorError("price was asked before it was fitted; call fit(tables, as_of) first.")
        return self.model_

    def _holidays(self, first: date, as_of: date) -> frozenset[date]:
        return frozenset(holiday_names(self.company.country, first, as_of + timedelta(days=WINDOW_DAYS)))

    def _unit_rows(self, lines: pd.DataFrame, as_of: date) -> pd.DataFrame:
        model = self._model()
        daily = daily_units(lines, model.products, as_of)
        holidays = self._holidays(min(daily.index[0].date(), as_of), as_of)
        detail = {"level_days": list(model.units.level_days), "season_share": model.units.season_share}
        sold = daily.iloc[-WINDOW_DAYS:].sum(axis=0)
        frame = _unit_frame(model.units.predict(daily, as_of, holidays), as_of, detail)
        details: list[Any] = [detail | {"last_28_days": float(sold[product])} for product in frame["entity_id"]]
        return frame.assign(detail=details)

    def _price_rows(
        self, product: str, prices: Mapping[tuple[str, str], float], unit_cost: float | None, as_of: date
    ) -> Iterator[dict[str, Any]]:
        model = self._model()
        cells = model.cells_of(product)
        own = np.array([prices[(product, kind)] for kind in cells])
        usual = float(np.average(own, weights=[max(cell.units, 1e-9) for cell in cells.values()]))
        pooled = {"prices_differ_by_customer_type": bool(own.max() / own.min() - 1 > SAME_PRICE)}
        yield from self._pair(product, model.elasticities[product], usual, unit_cost, as_of, pooled)
        for kind, cell in cells.items():
            if len(cells) > 1:
                detail = {"customer_type": kind, **_cell_detail(cell)}
                yield from self._pair(product, cell.elasticity, prices[(product, kind)], unit_cost, as_of, detail)

    def _pair(
        self, product: str, elasticity: Elasticity, current: float, unit_cost: float | None, as_of: date, detail: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        kind = detail.get("customer_type")
        keys = {"entity_type": "product", "entity_id": f"{product}|{kind}" if kind else product, "target_date": pd.Timestamp(as_of)}
        shared = {"product_id": product, "current_price": current, "enough_variation": elasticity.reason is None, **detail}
        (low80, high80), (low95, high95) = elasticity.interval(0.80), elasticity.interval(0.95)
        reason = {"code": elasticity.reason, "params": {}} if elasticity.reason else None
        read = {"price_spread": elasticity.price_spread, "weeks_with_sales": elasticity.weeks, "reason": reason}
        read |= _tests_detail(elasticity)
        bands = {"lo80": low80, "hi80": high80, "lo95": low95, "hi95": high95}
        yield {"measure": "elasticity", **keys, "window_days": 1, "value": elasticity.value, **bands, "detail": shared | read}
        suggestion = suggest_price(elasticity, current, unit_cost, self.company.preferences)
        if shared.get("prices_differ_by_customer_type") and np.isfinite(suggestion.price):
            suggestion = replace(suggestion, price=np.nan, reason="see_customer_types")
        suggested = {"measure": "suggested_price", **keys, "window_days": 1, "value": suggestion.price, **NO_BANDS}
        yield suggested | {"detail": shared | _suggestion_detail(suggestion)}


def _lines(tables: Tables) -> pd.DataFrame:
    return sales_lines(tables["orders"], tables["order_lines"], tables["customers"])


def _unit_frame(units: pd.DataFrame, as_of: date, detail: dict[str, Any]) -> pd.DataFrame:
    keys = {"measure": "units_28d", "entity_type": "product", "entity_id": units.index.astype("str")}
    frame = pd.DataFrame(keys | {name: units[name].to_numpy() for name in ("value", *NO_BANDS)})
    details = pd.Series([detail] * len(frame), index=frame.index, dtype=object)
    return frame.assign(target_date=pd.Timestamp(as_of) + pd.Timedelta(days=WINDOW_DAYS), window_days=WINDOW_DAYS, detail=details)


def _cell_detail(cell: CellModel) -> dict[str, Any]:
    return {"personal_prices": cell.is_personal, "repeated_sales": cell.repeated_sales, "units_28d": cell.units}


def _tests_detail(elasticity: Elasticity) -> dict[str, Any]:
    """What each price test found, and the history alone; empty where no test counts."""
    history = elasticity.history
    if history is None:
        return {}
    tests = [
        {
            "experiment_id": one.experiment_id,
            "customer_type": one.customer_type,
            "start": one.start.date().isoformat(),
            "end": one.end.date().isoformat(),
            "value": one.value,
            "se": one.se,
            **dict(zip(("lo80", "hi80"), one.interval(0.80), strict=True)),
            **dict(zip(("lo95", "hi95"), one.interval(0.95), strict=True)),
            "price_change": one.price_change,
            "units_change": one.units_change,
            "customers": list(one.customers),
            "is_simulated": one.is_simulated,
        }
        for one in elasticity.trials
    ]
    alone = None if history.reason else dict(zip(("value", "lo80", "hi80"), (history.value, *history.interval(0.80)), strict=True))
    return {"tests": tests, "history": alone}


def _suggestion_detail(suggestion: Suggestion) -> dict[str, Any]:
    money = {"low": suggestion.low, "high": suggestion.high, "unit_cost": suggestion.unit_cost}
    gains = {"gain": suggestion.gain, "gain_low": suggestion.gain_low, "gain_high": suggestion.gain_high}
    known = {name: value for name, value in gains.items() if np.isfinite(value)}
    return {"reason": {"code": suggestion.reason, "params": suggestion.params}, **money, **known}
