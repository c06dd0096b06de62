"""One contract for every entry of PREDICTORS: blind to the future, repeatable, agreed columns, truth ends with the horizon."""

import io
import math
from datetime import timedelta

import joblib
import numpy as np
import pandas as pd
import pytest

from ml.evaluation.metrics import METRICS
from ml.predictors import PREDICTORS, make_predictor, predictor_class
from ml.predictors.base import PREDICTION_COLUMNS, Company, Predictor
from ml.source.tables import SPECS, TableError, Tables
from tests.conftest import END

AS_OF = END - timedelta(days=100)
NAMES = [name for name, _ in PREDICTORS]
KEY = ["measure", "entity_type", "entity_id", "target_date", "window_days"]


def falsified(tables: Tables, as_of) -> Tables:
    """The same company with every cell nobody could know at `as_of` made wrong: later rows and cells filled in later."""
    day, frames = pd.Timestamp(as_of), {}
    for name, spec in SPECS.items():
        if not tables.has(name):
            continue
        frame = tables[name].copy()
        future = frame["known_at"] > day
        for column in spec.columns:
            if column.kind == "number":
                frame.loc[future, column.name] = frame.loc[future, column.name] * 17 + 1000
        extra = frame[future].copy()
        for column in spec.columns:
            if column.name in ("order_id", "tour_id"):
                extra[column.name] = extra[column.name] + "-false"
        for column, dated_by in spec.later.items():
            hidden = ~(frame[dated_by] <= day)
            if column == dated_by:
                continue
            if frame[column].dtype.kind == "f":
                frame.loc[hidden, column] = 1e6
            else:
                frame.loc[hidden, column] = "false"
        for dated_by in set(spec.later.values()):
            hidden = ~(frame[dated_by] <= day)
            frame.loc[hidden, dated_by] = day + pd.Timedelta(days=1)
        frames[name] = pd.concat([frame, extra], ignore_index=True)
    return Tables(frames)


def sorted_rows(answer: pd.DataFrame) -> pd.DataFrame:
    return answer.sort_values(KEY).reset_index(drop=True)


def assert_same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(sorted_rows(left), sorted_rows(right), rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def fitted(tiny_reading):
    """Each predictor fitted once at AS_OF, with its answer."""
    made: dict[str, tuple[Predictor, pd.DataFrame]] = {}

    def get(name: str) -> tuple[Predictor, pd.DataFrame]:
        if name not in made:
            predictor = make_predictor(name, Company()).fit(tiny_reading.tables, AS_OF)
            made[name] = (predictor, predictor.predict(tiny_reading.tables, AS_OF))
        return made[name]

    return get


@pytest.mark.parametrize("name", NAMES)
def test_the_entry_keeps_its_word(name):
    cls = predictor_class(name)
    assert cls.name == name
    assert cls.question.endswith("?")
    assert set(cls.reads) <= set(SPECS)
    assert cls.measures
    for measure in cls.measures:
        assert measure.metric is None or measure.metric in METRICS
        assert measure.metric is None or measure.baseline
    for final in ("fit", "predict", "baseline", "actual"):
        assert getattr(cls, final) is getattr(Predictor, final)


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_has_the_agreed_form(name, fitted):
    _, answer = fitted(name)
    assert tuple(answer.columns) == PREDICTION_COLUMNS
    assert len(answer) > 0
    assert not answer.duplicated(KEY).any()
    cls = predictor_class(name)
    declared = {measure.name: measure for measure in cls.measures}
    for row in answer.itertuples():
        assert row.entity_type in declared[row.measure].entities
        assert row.value is None or not math.isinf(row.value)
    banded = answer.dropna(subset=["lo80", "hi80", "value"])
    assert (banded["lo80"] <= banded["hi80"] + 1e-9).all()
    both = banded.dropna(subset=["lo95", "hi95"])
    assert ((both["lo95"] <= both["lo80"] + 1e-9) & (both["hi80"] <= both["hi95"] + 1e-9)).all()
    with_truth = answer["measure"].isin([name for name, measure in declared.items() if measure.metric])
    assert answer.loc[with_truth, "value"].notna().mean() > 0.9
    assert answer["value"].notna().any()
    assert answer["detail"].map(lambda detail: isinstance(detail, dict)).all()


@pytest.mark.parametrize("name", NAMES)
def test_blind_to_the_future_and_repeatable(name, fitted, tiny_reading):
    _, answer = fitted(name)
    other = falsified(tiny_reading.tables, AS_OF)
    predictor = make_predictor(name, Company()).fit(other, AS_OF)
    assert_same(predictor.predict(other, AS_OF), answer)
    assert_same(predictor.predict(tiny_reading.tables, AS_OF), answer)


@pytest.mark.parametrize("name", NAMES)
def test_the_baseline_answers_the_same_question(name, fitted, tiny_reading):
    predictor, answer = fitted(name)
    baseline = predictor.baseline(tiny_reading.tables, AS_OF)
    judged = predictor.judged(answer)
    wanted = judged[judged["measure"].isin([m.name for m in predictor.measures if m.metric])]
    if wanted.empty:
        pytest.fail(f"{name} has no judged row at all")
    merged = wanted.merge(baseline[[*KEY, "value"]], on=KEY, how="left", suffixes=("", "_baseline"))
    assert merged["value_baseline"].notna().mean() > 0.9
    assert_same(predictor.baseline(falsified(tiny_reading.tables, AS_OF), AS_OF), baseline)


@pytest.mark.parametrize("name", NAMES)
def test_truth_ends_with_the_horizon(name, fitted, tiny_reading):
    predictor, answer = fitted(name)
    truth = predictor.actual(tiny_reading.tables, answer, END)
    if truth is None:
        assert all(measure.metric is None for measure in predictor.measures)
        return
    ended = pd.to_datetime(answer["target_date"]) <= pd.Timestamp(END)
    assert truth[~ended].isna().all()
    assert truth[ended].notna().any()
    early = predictor.actual(tiny_reading.tables, answer, AS_OF)
    assert early[pd.to_datetime(answer["target_date"]) > pd.Timestamp(AS_OF)].isna().all()
    later_changed = predictor.actual(falsified(tiny_reading.tables, END - timedelta(days=5)), answer, END - timedelta(days=5))
    known = pd.to_datetime(answer["target_date"]) <= pd.Timestamp(END - timedelta(days=5))
    np.testing.assert_allclose(truth[known].astype(float), later_changed[known].astype(float), rtol=1e-9, equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
def test_newer_tables_move_the_answer_without_fitting(name, fitted, tiny_reading):
    predictor, _ = fitted(name)
    later = AS_OF + timedelta(days=7)
    moved = predictor.predict(tiny_reading.tables, later)
    assert len(moved) > 0
    forward = moved[moved["window_days"] > 0]
    windows = [m.name for m in predictor.measures if m.horizon_days > 0]
    assert (pd.to_datetime(forward[forward["measure"].isin(windows)]["target_date"]) > pd.Timestamp(later)).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_predictor_answers_the_same(name, fitted, tiny_reading):
    predictor, answer = fitted(name)
    buffer = io.BytesIO()
    joblib.dump(predictor, buffer)
    buffer.seek(0)
    assert_same(joblib.load(buffer).predict(tiny_reading.tables, AS_OF), answer)


def _spy(read, seen):
    """A predictor that reads what it should not; `seen` receives what it got."""

    class Spy(Predictor):
        name = "spy"
        question = "Can it see the future?"
        measures = ()
        reads = ("orders", "tours", "customers", "products")

        def _fit(self, tables, as_of):
            seen.append(read(tables))

        def _predict(self, tables, as_of): ...
        def _baseline(self, tables, as_of): ...
        def _actual(self, tables, predicted, as_of): ...

    return Spy(Company())


@pytest.fixture(scope="module")
def leaky(tiny_reading) -> Tables:
    """The tiny company with the leaks a hurried person would plant: today's personal price and list price as columns."""
    frames = {name: tiny_reading.tables[name] for name in SPECS if tiny_reading.tables.has(name)}
    frames["customers"] = frames["customers"].assign(price=2500.0)
    frames["products"] = frames["products"].assign(list_price=3000.0)
    return Tables(frames)


def test_the_source_has_what_the_leak_tests_try_to_steal(leaky):
    day = pd.Timestamp(AS_OF)
    assert leaky["tours"]["driven_km"].notna().any()
    assert (leaky["orders"]["paid_at"] > day).any()
    assert (leaky["orders"]["order_date"] > day).any()


def test_kilometres_are_hidden_until_the_tour_has_ended(leaky):
    seen: list = []
    tours = leaky["tours"]
    last = tours["date"].max()
    running = Tables({"tours": tours.assign(ended_at=tours["ended_at"].mask(tours["date"] == last, last + pd.Timedelta(days=1)))})
    _spy(lambda t: t["tours"], seen).fit(running, last.date())
    hidden = seen[0][seen[0]["date"] == last]
    assert len(hidden) > 0
    assert hidden["driven_km"].isna().all()
    assert seen[0][seen[0]["date"] < last]["driven_km"].notna().any()


def test_a_payment_date_is_hidden_until_it_was_paid(leaky):
    seen: list = []
    _spy(lambda t: t["orders"], seen).fit(leaky, AS_OF)
    assert not (seen[0]["paid_at"] > pd.Timestamp(AS_OF)).any()
    unpaid = seen[0]["paid_at"].isna()
    assert unpaid.any()
    assert seen[0].loc[unpaid, "payment_status"].isna().all()


def test_tomorrows_orders_are_hidden(leaky):
    seen: list = []
    _spy(lambda t: t["orders"]["order_date"].max(), seen).fit(leaky, AS_OF)
    assert seen[0] <= pd.Timestamp(AS_OF)


@pytest.mark.parametrize(("table", "column"), [("customers", "price"), ("products", "list_price")])
def test_todays_prices_are_refused_as_features(leaky, table, column):
    with pytest.raises(KeyError, match=column):
        _spy(lambda t: t[table][column], []).fit(leaky, AS_OF)


def test_a_table_that_is_not_declared_is_refused(leaky):
    with pytest.raises(TableError, match="may not be read here"):
        _spy(lambda t: t["weather"], []).fit(leaky, AS_OF)
