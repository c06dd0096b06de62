"""The Experiments screen: list, one test, making one; and what a viewer may not do."""

import pytest
import sqlalchemy as sa

from ml import clock
from ml.experiments import words
from ml.experiments.following import follow_experiments
from ml.i18n import translator
from ml.store import experiments as kept_experiments
from ml.store.engine import begin_write, open_store
from ml.store.refused import Refused
from tests.conftest import settings_for
from tests.pages.conftest import texts_of
from ui import actions_experiments, guard, store_access
from ui.format import md
from ui.guard import NotAllowed


@pytest.fixture
def with_tests(own_full_home):
    """The filled company with the three demo experiments."""
    settings = settings_for(own_full_home)
    engine = open_store(settings)
    with begin_write(engine) as connection:
        follow_experiments(connection, settings, now=clock.utc_now())
        made = kept_experiments.list_all(connection)
    engine.dispose()
    return own_full_home, made


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("state", ["active", "paused", "completed"])
def test_every_state_says_its_verdict_and_its_health(show, with_tests, state, language):
    home, made = with_tests
    one = next((kept for kept in made if kept.state == state), None)
    if one is None:
        one = made[0]
    app = show(home, "experiments", language=language, query={"test": one.experiment_id})
    t, said = translator(language), texts_of(app)
    assert not app.exception and not app.error
    assert len(app.dataframe[-1].value) == 3  # all tests, at the end
    for light in ("Groups as drawn", "Alike before the start", "False alarms on the own past"):
        assert md(t(light)) in said
    if one.state == "active":
        assert md(t("Go on: it is too early to say")) in said and not app.get("plotly_chart")


def test_amounts_on_an_axis_stay_texts(show, with_tests):
    """ "10.500" is ten thousand five hundred pesos; an axis of numbers would make ten and a half of it."""
    home, made = with_tests
    finished = next(kept for kept in made if kept.state == "completed")
    drawn = [chart.proto.spec for chart in show(home, "experiments", query={"test": finished.experiment_id}).get("plotly_chart")]
    assert any('"type":"category"' in spec.replace(" ", "") for spec in drawn)


def test_between_looks_no_probability_is_shown(show, with_tests):
    home, made = with_tests
    running = next(kept for kept in made if kept.state == "active")
    said = texts_of(show(home, "experiments", query={"test": running.experiment_id}))
    assert "Regla antigua" not in said and "Probabilidad" not in said
    assert "se lee el" in said.replace("\\", "")
    unknown = [line for line in said.splitlines() if "○" in line]
    assert unknown and not any(line.lower().count("aún no se sabe") > 1 for line in unknown)
    assert f"**{md(translator('es')(words.METRIC_NAMES['revenue']))}**: {md(translator('es')('not clear yet'))} (" not in said


def test_a_test_is_made_in_five_steps_with_the_planner_beside(show, own_full_home):
    app = show(own_full_home, "experiments", query={"view": "new"})
    t, said = translator("es"), texts_of(app)
    for step in ("1 What is tried", "2 Which customers", "3 How long", "4 What counts", "5 Start"):
        assert md(t(step)) in said
    press = next(button for button in app.button if button.label in (t("Start the test"), t("Start it all the same")))
    press.click().run()
    assert not app.exception and t("The test has started.") in texts_of(app) + "".join(one.value for one in app.success)
    with store_access.store().connect() as connection:
        made = kept_experiments.list_all(connection)
        new = max(made, key=lambda one: one.created_at)
        audited = connection.execute(sa.text("SELECT action FROM audit WHERE target = :id"), {"id": new.experiment_id}).scalars().all()
    assert len(made) == 4 and "experiment.create" in audited


def test_a_viewer_makes_and_changes_nothing(show, with_tests):
    home, made = with_tests
    app = show(home, "experiments", role="viewer", query={"view": "new"})
    assert "5 Empezar" not in texts_of(app)
    assert not [button for button in app.button if button.label.startswith("Decidir")]
    for act in (
        lambda: actions_experiments.move(made[0].experiment_id, "paused"),
        lambda: actions_experiments.decide(made[0].experiment_id, "stop"),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_decision_is_kept_with_its_person(show, with_tests):
    home, made = with_tests
    show(home, "experiments")
    actions_experiments.decide(made[0].experiment_id, "repeat")
    with store_access.store().connect() as connection:
        decision = kept_experiments.get(connection, made[0].experiment_id).decision
    assert decision["choice"] == "repeat" and decision["who"] == guard.current_user().email


def stock_file(unit: str, day: str, outs: object) -> bytes:
    return f"product_zone;period;stock_outs;units_short;cost_clp\n{unit};{day};{outs};4;12.000,0\n".encode()


def test_a_stock_test_is_made_and_what_came_is_handed_in_as_a_file(show, own_full_home):
    app, t = show(own_full_home, "experiments", query={"view": "new"}), translator("es")
    app.selectbox[0].select("demand_forecast").run()
    assert not app.exception and md(t("2 Which products and communes")) in texts_of(app)
    next(box for box in app.selectbox if box.label == t("Chosen by")).select("list").run()
    app.text_area[0].set_value("\n".join(f"p1|Comuna {number}" for number in range(8))).run()
    next(button for button in app.button if button.label == t("Start the test")).click().run()
    with store_access.store().connect() as connection:
        made = next(one for one in kept_experiments.list_all(connection) if one.type == "demand_forecast")
    app = show(own_full_home, "experiments", query={"test": made.experiment_id})
    assert not app.exception and t("Hand in what came") in texts_of(app) and "Días sin stock" in texts_of(app)
    app.file_uploader[0].upload("r.csv", stock_file("p1|Comuna 99", made.start.isoformat(), 1), "text/csv").run()
    assert "Línea 2" in app.error[0].value
    app.file_uploader[0].upload("r.csv", stock_file("p1|Comuna 1", f"{made.start:%d-%m-%Y}", 2), "text/csv").run()
    next(button for button in app.button if button.label == t("Keep these outcomes")).click().run()
    assert not app.exception
    with store_access.store().connect() as connection:
        outcomes = kept_experiments.outcomes_of(connection, made.experiment_id)
        last = kept_experiments.events_of(connection, made.experiment_id)[-1]
    assert outcomes["outcome"].tolist() == [{"stock_outs": 2, "units_short": 4, "cost_clp": 12_000}]
    assert (last["action"], last["detail"]) == ("experiment.outcomes", {"number": 1})


def test_a_file_that_cannot_be_used_keeps_nothing_and_a_viewer_hands_in_nothing(show, own_full_home):
    show(own_full_home, "experiments")
    units = tuple(f"p1|Comuna {number}" for number in range(8))
    made = actions_experiments.create("demand_forecast", units, local_day(), 28, {})
    with pytest.raises(Refused):
        actions_experiments.hand_in(made, stock_file("p1|Comuna 99", local_day().isoformat(), 1))
    with store_access.store().connect() as connection:
        assert kept_experiments.outcomes_of(connection, made).empty
    app = show(own_full_home, "experiments", role="viewer", query={"test": made})
    assert not app.file_uploader
    with pytest.raises(NotAllowed):
        actions_experiments.hand_in(made, stock_file("p1|Comuna 1", local_day().isoformat(), 1))


def local_day():
    """Today, as the screens have it."""
    return clock.today(store_access.settings().timezone)


def test_the_customer_screen_tells_in_which_test_and_group_a_customer_is(show, with_tests):
    home, made = with_tests
    one = next(kept for kept in made if kept.state == "completed")
    show(home, "experiments")
    with store_access.store().connect() as connection:
        units = kept_experiments.units_of(connection, one.experiment_id)
    t = translator("es")
    for arm, group in ((0, "As before"), (1, "New")):
        customer = units.loc[units["arm"] == arm, "unit_id"].iloc[0]
        said = texts_of(show(home, "customer", query={"customer": customer}))
        assert md(t("Test “{test}” began; group: {group}", test=t("Price test"), group=t(group))) in said
        assert md(t("Test “{test}” ended", test=t("Price test"))) in said
        assert one.start.strftime("%d-%m-%Y").replace("-", r"\-") in said or one.start.strftime("%d-%m-%Y") in said


def test_an_example_of_the_demo_company_says_that_it_is_simulated(show, with_tests):
    home, made = with_tests
    for kept in made:
        said = texts_of(show(home, "experiments", query={"test": kept.experiment_id}))
        assert (translator("es")(words.SIMULATED) in said) == (kept.state != "active")
