"""What came of an experiment in a few sentences: figures where they may be read, and none where they may not."""

from datetime import timedelta

import pytest

import ml.experiments as api
from ml.experiments import reading
from ml.experiments.summary import summarise
from ml.store import experiments as store
from ml.store.engine import begin_write
from tests.unit.experiments.conftest import CUSTOMERS, NOW, TODAY, fill

pytestmark = pytest.mark.filterwarnings("ignore::ml.experiments.errors.TooSmallWarning")


def ended(company, *, lift: float, **options):
    """A test of all customers that ended with this lift of the treated: what the store keeps, and what is told of it."""
    experiment = api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY, 28, **options, **company)
    fill(company["store"], last=TODAY + timedelta(days=40), lift=dict.fromkeys(experiment.treatment_group, lift), since=TODAY)
    with begin_write(company["store"]) as connection:
        reading.follow_up(connection, now=NOW)
        kept = store.get(connection, experiment.experiment_id)
        return kept, reading.evaluate(connection, kept)


def test_a_finished_test_says_verdict_effect_and_pesos_in_both_languages(company):
    kept, told = ended(company, lift=1.5)
    spanish, english = (summarise(kept, told, language=language) for language in ("es", "en"))
    assert (spanish.verdict, english.verdict) == ("Hacerlo para todos.", "Do it for everybody.")
    look = told["looks"][-1]["result"]
    assert f"{look['rel_effect'] * 100:.1f}".replace(".", ",") in spanish.effect and spanish.effect.startswith("Ventas por cliente: +")
    assert english.effect.startswith("Sales per customer: +") and " to +" in english.effect
    assert spanish.monthly.startswith("$") and "al mes" in spanish.monthly
    assert spanish.note is None and english.days == "Day 28 of 28, from 01-06-2026 to 28-06-2026."
    assert english.sentences == (english.verdict, english.effect, english.monthly, english.reason, english.days)


def test_before_the_first_look_no_figure_is_given(company):
    experiment = api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY, 28, **company)
    fill(company["store"], last=TODAY + timedelta(days=9))
    with company["store"].connect() as connection:
        kept = store.get(connection, experiment.experiment_id)
        told = summarise(kept, reading.evaluate(connection, kept), language="en")
    assert told.effect is None and told.monthly is None
    assert told.verdict == "Go on: it is too early to say." and "planned days only" in told.reason


def test_a_simulated_test_says_so(company):
    kept, told = ended(company, lift=1.5, treatment={"simulated": True})
    assert summarise(kept, told, language="en").note == "This test is an example of the demo company: what came of it is simulated."
