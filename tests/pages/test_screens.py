"""Every screen with an empty and a full store, for each role, in both languages, and with whatever may go wrong."""

import logging
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from ml.i18n import translator
from ml.jobs import running
from ml.queries import customers, demand
from ml.store import schema
from ml.store.customer_rows import refill_all
from ml.store.engine import begin_write, open_store
from ml.store.schema_experiments import experiment_events
from tests.conftest import settings_for
from tests.pages.conftest import make_home, person, texts_of
from tests.pages.filled_store import AS_OF, HOSTILE, fill, scored
from ui import actions, guard, registry, store_access

NAMES = [entry.name for entry in registry.PAGES if entry.section and entry.roles == registry.EVERYBODY]  # others have their own tests
ROLES = ("admin", "analyst", "viewer")
MARKS = {"es": "Datos hasta", "en": "Data up to"}


def tables_of(app) -> str:
    return "\n".join(table.value.to_csv() for table in app.dataframe)


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", NAMES)
def test_a_full_store_shows_every_screen_to_every_role_in_its_language(show, full_home, name, role, language):
    app = show(full_home, name, role=role, language=language)
    said = texts_of(app)
    assert not app.exception and not app.error
    assert app.title[0].value and MARKS[language] in said
    assert MARKS["en" if language == "es" else "es"] not in said
    assert len(app.dataframe) >= 1


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_an_empty_store_says_what_is_missing_and_how_to_get_it(show, empty_home, name, language):
    app = show(empty_home, name, language=language)
    said = texts_of(app)
    t = translator(language)
    assert not app.exception and not app.error
    assert t("Nothing to show yet") in said
    assert t("What is missing: the company's data has not been read yet.") in said
    assert "python -m ml retrain" in said


@pytest.mark.parametrize("name", NAMES)
def test_nobody_signed_in_sees_nothing(show, full_home, name):
    app = show(full_home, registry.HOME, role=None)
    said = texts_of(app)
    assert not app.metric and not app.dataframe and MARKS["es"] not in said


@pytest.mark.parametrize("name", ["churn", "segments", "overview"])
def test_a_viewer_sees_no_names_and_phones(show, full_home, name):
    app = show(full_home, name, role="analyst")
    open_to_all = texts_of(app) + tables_of(app)
    app = show(full_home, name, role="viewer")
    masked = texts_of(app) + tables_of(app)
    assert "Rojas" in open_to_all and "Rojas" not in masked
    assert "wa.me" not in masked and "tel:" not in masked and "+56 9" not in masked
    assert not app.get("link_button")


def test_without_a_signal_the_overview_goes_by_rhythm_and_not_by_money(show, own_full_home):
    engine = open_store(settings_for(own_full_home))
    with begin_write(engine) as conn:
        row = conn.execute(sa.select(schema.predictions).where(schema.predictions.c.predictor == "customers").limit(1)).mappings().one()
        flag = {**row, "id": None, "measure": "usable_signal", "entity_type": "company", "entity_id": "all", "value": 0.0, "detail": {}}
        conn.execute(sa.insert(schema.predictions).values(flag))
    engine.dispose()
    told = texts_of(show(own_full_home, "overview", language="en"))
    assert "later than their own usual pause" in told and "at stake" not in told and "worth" not in told


def test_who_asked_not_to_be_contacted_is_in_no_list(show, full_home, store_at):
    app = show(full_home, "churn", query={"rule": "all"})
    with store_access.store().connect() as conn:
        listed = scored(conn, _service(conn, "customers"))
        everybody = customers.facts(conn)
    out = everybody.loc[everybody["contact_opt_out"], "name"].iloc[0]
    assert out not in set(listed["name"])
    assert out not in tables_of(app) + texts_of(app)


def test_hostile_names_are_shown_as_they_are_written(show, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    make_home(home, lambda engine: fill(engine, customers=30, hostile=True))
    for name in ("overview", "churn", "segments"):
        app = show(home, name, query={"rule": "all"})
        assert not app.exception and not app.error
        assert "<script>" not in "".join(str(mark.value) for mark in [*app.markdown, *app.caption])
    listed = tables_of(show(home, "churn", query={"rule": "all"})) + tables_of(show(home, "churn", query={"list": "win_back"}))
    assert HOSTILE["c1"] in listed


def test_the_address_decides_the_measure_and_the_horizon(show, full_home):
    app = show(full_home, "demand", query={"measure": "revenue", "days": "7"})
    assert app.title[0].value == translator("es")("How much will be sold?")
    assert len(app.dataframe[0].value) == 7
    assert app.metric[0].label.startswith("Ventas")


@pytest.mark.parametrize("query", [{"measure": "nonsense"}, {"days": "100000"}, {"days": "x'; DROP TABLE"}, {"measure": ""}])
def test_an_unusable_address_shows_the_usual_view(show, full_home, query):
    app = show(full_home, "demand", query=query)
    assert not app.exception and not app.error
    assert app.title[0].value == translator("es")("How many orders are coming?")


def test_closed_days_are_shown_as_closed(show, full_home):
    rows = show(full_home, "demand").dataframe[0].value
    closed = rows[rows["special"].str.contains("cerrado")]
    assert len(closed) >= 8 and closed["value"].isna().all()


def test_a_company_without_bottles_is_offered_orders_and_sales(show, own_full_home):
    _change(own_full_home, sa.delete(schema.predictions).where(schema.predictions.c.measure == "bottles"))
    _change(own_full_home, sa.delete(schema.daily_facts).where(schema.daily_facts.c.measure == "bottles"))
    for name in ("overview", "demand"):
        app = show(own_full_home, name)
        assert not app.exception and not app.error
        assert "Botellones" not in texts_of(app)


def test_late_data_is_said(show, own_full_home):
    _change(own_full_home, sa.update(schema.reading).values(as_of=AS_OF - timedelta(days=700)))
    said = texts_of(show(own_full_home, "models"))
    assert "Datos antiguos" in said and "días antes de hoy" in said


def test_a_copy_is_said_to_be_one(show, own_full_home):
    _change(own_full_home, sa.update(schema.reading).values(from_snapshot=True))
    assert "Está viendo la copia" in texts_of(show(own_full_home, "demand"))


def test_a_model_without_enough_data_says_what_it_needs(show, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    make_home(home, lambda engine: fill(engine, predictors=("demand",)))
    outcome = {"outcomes": {"customers": {"state": "unavailable", "reason": "Customer scores need at least 5 customers."}}}
    _change(home, sa.update(schema.job_run).values(progress=outcome))
    t = translator("es")
    assert t("Risk, value and next orders need enough customers with sales, over a longer time than the days in the title.") in texts_of(
        show(home, "churn")
    )
    models = show(home, "models")
    assert not models.error and t("not in service") in texts_of(models)
    assert "Customer scores need at least 5 customers." in texts_of(models)
    assert not show(home, "overview").error


def test_filters_that_leave_nothing_say_so(show, own_full_home):
    _change(own_full_home, sa.update(schema.predictions).where(schema.predictions.c.measure == "churn_probability").values(value=0.1))
    app = show(own_full_home, "churn", query={"rule": "probability"})
    assert not app.error and translator("es")("Nothing matches these filters. Choose others, or remove them.") in texts_of(app)


def test_an_error_on_a_screen_has_an_id_that_the_log_knows(show, full_home, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("the disk is gone, password=secret")

    monkeypatch.setattr(demand, "measures", broken)
    with caplog.at_level(logging.ERROR):
        app = show(full_home, "demand")
    shown = app.error[0].value
    number = shown.split()[-1]
    assert number in caplog.text and "the disk is gone" in caplog.text
    assert "secret" not in texts_of(app)


def test_the_refresh_button_queues_one_run_with_its_audit_row(show, own_full_home, monkeypatch):
    started = []
    monkeypatch.setattr(running, "start_process", lambda *args, **kw: started.append(args) or _Done())
    app = show(own_full_home, "models", role="analyst")
    app.button(key="refresh").click().run()
    app.run()
    with store_access.store().connect() as conn:
        queued = conn.execute(sa.select(schema.job_run).where(schema.job_run.c.job == "refresh")).all()
        audited = conn.execute(sa.select(schema.audit).where(schema.audit.c.action == "job.start")).all()
    assert not started and len(queued) == 1 and queued[0].requested_by == "analyst@example.com" and len(audited) == 1
    assert app.button(key="refreshing").disabled  # the scheduler, which lives, takes it up


def test_the_banner_of_a_silent_scheduler_stands_on_every_screen_and_says_what_each_can_do(show, own_full_home):
    with begin_write(open_store(settings_for(own_full_home))) as conn:
        conn.execute(sa.update(schema.scheduler_state).values(heartbeat_at=datetime(2026, 11, 21, 9, 0)))
    for role, says in (("viewer", "Tell your administrator."), ("admin", "Start it on the server with `make run`")):
        said = show(own_full_home, "overview", role=role, language="en").error[0].value
        assert "no sign of life since" in said and says in said


def test_a_run_that_does_not_begin_is_a_banner(show, own_full_home):
    with begin_write(open_store(settings_for(own_full_home))) as conn:
        values = {"job": "backup", "origin": "cron", "status": "queued", "attempt": 0, "scheduled_for": datetime(2026, 11, 21)}
        conn.execute(sa.insert(schema.job_run).values(**values))
    said = show(own_full_home, "overview", language="en").error[0].value
    assert said.startswith("This should have begun more than ten minutes ago: Backup of our own data.")


def test_a_viewer_has_no_refresh_button_and_no_right_to_it(show, own_full_home, monkeypatch):
    app = show(own_full_home, "models", role="viewer")
    assert "refresh" not in [button.key for button in app.button]
    with pytest.raises(guard.NotAllowed):
        actions.refresh_now()


def test_a_right_taken_away_while_the_page_is_open_writes_nothing(show, own_full_home, monkeypatch):
    app = show(own_full_home, "models", role="analyst")
    monkeypatch.setattr(guard, "current_user", lambda token=None: person("viewer"))
    app.button(key="refresh").click().run()
    with store_access.store().connect() as conn:
        assert not conn.execute(sa.select(schema.job_run).where(schema.job_run.c.job == "refresh")).all()


def test_choosing_a_language_is_remembered(show, own_full_home):
    app = show(own_full_home, "demand", role="viewer", language="es")
    app.get("segmented_control")[-1].set_value("en").run()
    assert app.title[0].value == "How many orders are coming?"
    with store_access.store().connect() as conn:
        kept = conn.execute(sa.select(schema.users.c.language).where(schema.users.c.email == "viewer@example.com")).scalar()
    assert kept == "en"


def test_a_deferred_export_asks_for_the_right_again(show, own_full_home, monkeypatch):
    show(own_full_home, "segments", role="analyst")
    from ui.screen import open_screen

    made = actions.export_of(open_screen(person("analyst")), "x", lambda: b"rows")
    assert made() == b"rows"
    monkeypatch.setattr(guard, "current_user", lambda token=None: person("viewer"))
    with pytest.raises(actions.ActionError, match="Your role changed"):
        made()
    monkeypatch.setattr(guard, "current_user", lambda token=None: None)
    with pytest.raises(guard.NotAllowed):
        made()


def test_every_page_guards_itself_first():
    for entry in registry.PAGES:
        code = entry.path.read_text(encoding="utf-8")
        body = [line for line in code.splitlines() if line.startswith(("screen", "guard", "st.", "user"))]
        assert "guard.require(" in body[0], entry.name


class _Done:
    def wait(self) -> int:
        return 0


def _service(conn, name):
    from ml.queries.service import in_service

    return in_service(conn)[name]


def _change(home, statement) -> None:
    engine = open_store(settings_for(home))
    with begin_write(engine) as conn:
        conn.execute(statement)
        refill_all(conn)
    engine.dispose()


def test_what_is_drawn_from_the_cache_stands_in_the_same_box(show, full_home):
    """The record of the customers' models stands on two screens: on the second it comes from the cache, still inside its fold."""

    def boxes(app) -> list[int]:
        return [len(fold.dataframe) for fold in app.expander]

    show(full_home, "churn")
    first = show(full_home, "next_orders")
    again = first.run()
    assert boxes(first) == boxes(again)
    assert boxes(first)[-1] == 1


def test_a_model_and_a_test_of_the_evening_are_dated_by_the_companys_day(show, own_full_home, store_at):
    store_at(own_full_home)
    evening = datetime(2026, 11, 20, 1, 30)  # 22:30 of the day before in Santiago
    with begin_write(store_access.store()) as conn:
        conn.execute(sa.update(schema.release_pointer).values(at=evening))
        conn.execute(sa.update(experiment_events).values(at=evening))
    for name in ("demand", "churn", "segments"):
        captions = [caption.value.replace("\\", "") for caption in show(own_full_home, name, language="en").caption]
        assert any("model of 19-11-2026" in caption for caption in captions), (name, captions)
    told = [text.value.replace("\\", "") for text in show(own_full_home, "experiments", language="en").markdown]
    assert any(text.startswith("19-11-2026 · ") for text in told) and not any(text.startswith("20-11-2026 · ") for text in told)
