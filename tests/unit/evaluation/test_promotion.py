"""The gate's decision: what stops a challenger, what asks for a person, and what a fresher model is forgiven."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.evaluation.promotion import REASONS, Check, Decision, Evidence, concluded, decide, deciding, overruled, sentence
from ml.predictors.base import PREDICTION_COLUMNS, Measure
from ml.store.predictions import Score
from tests.fakes import AS_OF, rows_of

ERROR = Measure("orders", "orders/day", ("company",), 28, "mae", "rule")
RISK = Measure("churn", "probability", ("customer",), 30, "auc", "rule")
PARAMETER = Measure("elasticity", "% per %", ("product",), 0, None)
ANSWER = rows_of("orders", [AS_OF], 5.0)
EMPTY = pd.DataFrame(columns=list(PREDICTION_COLUMNS))
CUTS = [date(2026, 9, 6) - timedelta(days=28 * n) for n in range(3)]


def days(error: float, rival_error: float | None = None, *, baseline_error: float = 3.0, seed: int = 1, noise: float = 0.3) -> pd.DataFrame:
    """84 judged days of three cutoffs: the truth around 20, both answers off by about their errors, bands of ± 5."""
    rng = np.random.default_rng(seed)
    frames = []
    for cut in CUTS:
        frame = rows_of("orders", [cut + timedelta(days=n) for n in range(1, 29)], 0.0)
        truth = rng.normal(20, 4, 28)
        said = truth + rng.choice([-1, 1], 28) * np.abs(rng.normal(error, noise * error + 1e-9, 28))
        rows = {"actual": truth, "value": said, "lo80": said - 5, "hi80": said + 5, "baseline": truth + baseline_error, "cutoff": cut}
        if rival_error is not None:
            rows["rival"] = truth + rng.choice([-1, 1], 28) * np.abs(rng.normal(rival_error, noise * rival_error, 28))
        frames.append(frame.assign(**rows, basis="cutoffs", segment=pd.to_datetime(frame["target_date"]).dt.day_name()))
    return pd.concat(frames, ignore_index=True)


def customers(number: int, skill: float, rival_skill: float | None = None, seed: int = 1) -> pd.DataFrame:
    """Judged customers of three cutoffs, a third of whom leave; a skill of 1 sees the true chance, 0 only the average."""
    rng = np.random.default_rng(seed)
    frames = []
    for cut in CUTS:
        logit = rng.normal(-0.8, 1.2, number)
        left = (rng.random(number) < 1 / (1 + np.exp(-logit))).astype(float)

        def seen(share: float, logit: np.ndarray = logit) -> np.ndarray:
            return 1 / (1 + np.exp(-(-0.8 + share * (logit + 0.8))))

        frame = rows_of("churn", [cut + timedelta(days=30)] * number, 0.0, 30).assign(entity_type="customer", detail=[{}] * number)
        rows = {"entity_id": [f"C{n}" for n in range(number)], "actual": left, "value": seen(skill), "baseline": seen(0.3), "cutoff": cut}
        rows |= {"rival": seen(rival_skill)} if rival_skill is not None else {}
        kinds = np.where(np.arange(number) % 4 == 0, "Empresa", "Hogar")
        frames.append(frame.assign(**rows, lo80=np.nan, hi80=np.nan, basis="cutoffs", segment=kinds))
    return pd.concat(frames, ignore_index=True)


def against(measures, rows, duel, answer=ANSWER, **more) -> Decision:
    return decide(Evidence(measures, answer, rows=rows, duel=duel, has_champion=True, champion_judged=True, **more))


def leaks() -> pd.DataFrame:
    """Customers whose probabilities order the outcomes perfectly and are all about a third."""
    rows = customers(130, 1.0, 1.0)
    return rows.assign(value=np.where(rows["actual"] == 1, 0.36, 0.33))


RISKS = rows_of("churn", [AS_OF + timedelta(days=30)], 0.5, 30)


def test_the_first_release_needs_neither_champion_nor_rule():
    assert decide(Evidence([ERROR], ANSWER)) == Decision("promoted", "first_release", {}, (Check("first_release", "ok", {}),))
    assert decide(Evidence([ERROR], ANSWER, rows=days(9.0))).code == "first_release"
    assert decide(Evidence([ERROR], ANSWER, is_damaged=True)).code == "champion_damaged"


def test_an_empty_answer_is_refused_even_as_the_first():
    assert decide(Evidence([ERROR], EMPTY)).code == "empty_answer"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_answer_without_usable_numbers_is_refused(value):
    decision = decide(Evidence([ERROR], ANSWER.assign(value=value), has_champion=True))
    assert (decision.state, decision.reason) == ("kept", {"code": "not_a_number", "params": {"measure": "orders"}})


def test_a_parameter_may_be_silent_where_a_judged_measure_may_not():
    silent = pd.concat([ANSWER, rows_of("elasticity", [AS_OF], np.nan)], ignore_index=True)
    assert decide(Evidence([ERROR, PARAMETER], silent)).promoted


def test_what_learnt_from_less_than_half_is_refused():
    decision = against([ERROR], days(1.0), days(1.0, 1.0), learnt={"orders": (499, 1000), "lines": (1, 2)})
    assert decision.reason == {"code": "too_little_data", "params": {"table": "orders", "now": 499, "before": 1000}}
    assert against([ERROR], days(1.0), days(1.0, 1.0), learnt={"orders": (500, 1000)}).promoted


@pytest.mark.parametrize(("error", "state"), [(0.8, "promoted"), (1.0, "promoted"), (1.04, "promoted"), (1.4, "kept"), (3.0, "kept")])
def test_a_clearly_larger_error_keeps_the_champion(error, state):
    decision = against([ERROR], days(error), days(error, 1.0))
    assert decision.state == state
    assert decision.code == ("not_worse" if state == "promoted" else "clearly_worse")
    assert decision.params["challenger"] == pytest.approx(error, rel=0.12)
    assert (decision.params["basis"], decision.params["rows"]) == ("cutoffs", 84)


@pytest.mark.parametrize(
    ("number", "skill", "state"), [(130, 0.9, "promoted"), (130, 1.0, "promoted"), (130, -0.5, "kept"), (3000, -0.1, "kept")]
)
def test_a_ranking_of_few_customers_is_kept_back_only_when_clearly_worse(number, skill, state):
    decision = against([RISK], EMPTY, customers(number, skill, 1.0), RISKS)
    assert decision.state == state


def test_one_clearly_worse_measure_keeps_the_champion():
    answer = pd.concat([ANSWER, RISKS], ignore_index=True)
    duel = pd.concat([days(0.5, 1.0), customers(300, -0.5, 1.0)], ignore_index=True)
    decision = against([ERROR, RISK], duel, duel, answer)
    assert (decision.state, decision.code, decision.params["measure"]) == ("kept", "clearly_worse", "churn")


def test_three_checks_lost_to_the_simple_rule_keep_the_champion_and_two_do_not():
    rows = days(4.0, baseline_error=3.0)
    decision = against([ERROR], rows, days(1.0, 1.0))
    assert (decision.state, decision.code, decision.params["cutoffs"]) == ("kept", "loses_to_rule", 3)
    assert decision.params["champion"] == pytest.approx(3.0)
    assert against([ERROR], rows[rows["cutoff"] > CUTS[2]], days(1.0, 1.0)).promoted
    assert against([ERROR], days(3.0, baseline_error=3.0), days(1.0, 1.0)).promoted


def test_probabilities_that_are_far_off_and_ranges_that_are_too_narrow_stop():
    off = customers(300, 1.0, 1.0)
    off = off.assign(value=off["value"] * 0.5, rival=off["value"])
    assert against([RISK], off, off, RISKS).code == "badly_calibrated"
    narrow = days(2.0, 2.0)
    narrow = narrow.assign(lo80=narrow["value"] - 1.5, hi80=narrow["value"] + 1.5)
    decision = against([ERROR], narrow, narrow)
    assert (decision.code, decision.params["measure"]) == ("bands_too_narrow", "orders")
    assert decision.params["came"] < 0.5


def test_a_segment_that_suffers_stops_what_is_better_on_the_whole():
    duel = days(0.8, 1.0)
    monday = duel["segment"] == "Monday"
    duel = duel.assign(value=duel["value"].where(~monday, duel["actual"] + 2.0))
    decision = against([ERROR], EMPTY, duel)
    assert (decision.code, decision.params["segment"]) == ("segment_worse", "Monday")
    assert against([ERROR], EMPTY, days(0.8, 1.0)).promoted


def test_an_answer_far_from_the_one_in_service_needs_a_person():
    near, far = ANSWER.assign(value=5.5), ANSWER.assign(value=9.0)
    assert against([ERROR], EMPTY, days(1.0, 1.0), champion_answer=near).promoted
    decision = against([ERROR], EMPTY, days(1.0, 1.0), champion_answer=far)
    assert (decision.state, decision.code) == ("review", "shift_total")
    assert decision.params["size"] == pytest.approx(4 / 9)


def test_a_leaking_first_release_serves_with_a_warning_and_a_damaged_one_is_not_the_first():
    first = decide(Evidence([RISK], RISKS, rows=leaks()))
    assert (first.state, first.code) == ("promoted", "first_release")
    assert [reason["code"] for reason in first.warnings] == ["leak_ranking", "too_good"]
    assert [reason["code"] for reason in first.reasons] == ["first_release", "leak_ranking", "too_good"]
    assert decide(Evidence([RISK], RISKS, rows=leaks(), is_damaged=True)).state == "review"
    assert decide(Evidence([RISK], RISKS, rows=customers(130, 1.0))).warnings == []


def test_a_leak_needs_a_person_and_being_worse_outweighs_it():
    leaking = leaks()
    decision = against([RISK], leaking, leaking.assign(rival=leaking["value"]), RISKS)
    assert (decision.state, decision.code) == ("review", "leak_ranking")
    worse = against([RISK], leaking, customers(130, -0.5, 1.0), RISKS)
    assert (worse.state, worse.code) == ("kept", "clearly_worse")
    assert {reason["code"] for reason in worse.reasons} >= {"clearly_worse", "leak_ranking"}


def test_records_that_cannot_be_compared():
    none = pd.DataFrame()
    assert against([ERROR], none, none).code == "not_judged"
    assert against([ERROR], days(1.0), none).code == "champion_not_judged"
    assert decide(Evidence([ERROR], ANSWER, has_champion=True)).code == "neither_judged"
    few = days(9.0, 1.0).query("cutoff == @CUTS[0]").head(14)
    assert against([ERROR], days(1.0), few).code == "champion_not_judged"


def test_the_metric_at_the_shortest_window_decides():
    one = [Score("p", "orders", "mae", cut, 1, "all", 30, 1.0, 2.0, "rule") for cut in (None, *CUTS)]
    total = Score("p", "orders", "mae", None, 30, "all", 3, 7.0, 9.0, "rule")
    other = Score("p", "orders", "wape", None, 1, "all", 90, 0.1, 0.2, "rule")
    assert deciding(ERROR, [total, other, *one]) == one


def test_every_reason_is_a_sentence():
    names = "measure metric challenger champion baseline problem cutoffs segment said came table now before auc implied r2 physics"
    params = dict.fromkeys([*names.split(), "size", "limit", "rows", "checked", "seconds"], 0.12345)
    for code in REASONS:
        said = sentence({"code": code, "params": params})
        assert "{" not in said
        assert said[0].isupper()
    assert "0.123" in sentence({"code": "clearly_worse", "params": params})
    assert overruled().promoted


def test_a_decision_without_a_check_is_an_error():
    with pytest.raises(ValueError, match="at least one check"):
        concluded([])
