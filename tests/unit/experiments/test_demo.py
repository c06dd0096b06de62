"""The demo company's experiments: one finished with the effect its truths know, one running, one stopped by its sample ratio."""

from datetime import date, timedelta

import pytest

from ml.experiments import reading
from ml.experiments.demo import _few_enough
from ml.experiments.following import follow_experiments
from ml.experiments.stats import SRM_ALARM, srm
from ml.source.demo.truth import EXPERIMENT_LIFT
from ml.source.reading import read_company
from ml.store import experiments as store
from ml.store.engine import begin_write, open_store
from ml.store.facts import write_facts, write_reading
from tests.conftest import END, settings_for
from tests.unit.experiments.conftest import NOW


@pytest.fixture(scope="module", params=["small", "standard"])
def demo(request, tmp_path_factory):
    from ml.source.demo import make_demo

    settings = settings_for(tmp_path_factory.mktemp("demo"))
    settings.data_folder.mkdir(parents=True)
    make_demo(settings.demo_file, request.param, END)
    tables = read_company(settings, END + timedelta(days=1)).tables
    engine = open_store(settings)
    with begin_write(engine) as connection:
        write_reading(connection, read_at=NOW, as_of=END, findings=[], source="demo", fingerprint="f", from_snapshot=False, is_demo=True,
                      amount_basis="net", tables={})  # fmt: skip
        write_facts(connection, tables, END)
        follow_experiments(connection, settings, now=NOW)
    return settings, engine


def test_one_is_finished_one_runs_and_one_was_stopped(demo):
    settings, engine = demo
    with begin_write(engine) as connection:
        assert follow_experiments(connection, settings, now=NOW) == []
        kept = {one.state: one for one in store.list_all(connection)}
        told = {state: reading.evaluate(connection, one) for state, one in kept.items()}
    assert sorted(kept) == ["active", "completed", "paused"]
    assert told["paused"]["health"]["sample_ratio"]["light"] == "alarm" and not told["paused"]["readable"]
    assert told["active"]["decision"]["reason"] == "between_looks" and told["active"]["source"] == "orders"
    assert 1 <= len(told["completed"]["looks"]) <= 4


def test_the_finished_one_holds_the_true_effect_in_its_range(demo):
    _, engine = demo
    with engine.connect() as connection:
        kept = next(one for one in store.list_all(connection) if one.state == "completed")
        told = reading.evaluate(connection, kept)
    tested = told["tests"]["revenue"]
    assert tested["rel_ci_low"] < EXPERIMENT_LIFT < tested["rel_ci_high"]
    assert kept.start < kept.end < date(2026, 10, 28)


@pytest.mark.parametrize(("control", "treatment"), [(12, 11), (25, 27), (84, 83), (1_000, 1_000)])
def test_enough_of_the_control_group_stay_away_for_the_alarm_in_every_size(control, treatment):
    reached = _few_enough(control, treatment)
    assert 0 <= reached <= 0.3 * control + 0.5
    assert srm((reached, treatment), (0.5, 0.5)) < SRM_ALARM
