"""The Demand screen: the company and its parts, what is behind it, how it would have done, and what to buy."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.clock import utc_now
from ml.store import events, schema
from ml.store.engine import begin_write
from ml.store.events import Event, keep_forecast
from ml.store.schema_events import event_facts
from ml.store.values import set_preference
from tests.pages.conftest import texts_of
from tests.pages.filled_store import AS_OF, NOW
from ui import store_access


def said(app) -> str:
    assert not app.exception
    return texts_of(app).replace("\\", "").replace("\u00a0", " ")


def test_the_company_shows_total_behind_weather_and_the_last_three_months(show, full_home):
    text = said(show(full_home, "demand", role="viewer"))
    assert "Pedidos, próximos 30 días 146" in text and "21 días hábiles" in text
    assert "Tendencia:** +2 %" in text
    assert "2 días cerrados" in text and "mueven sus días hábiles" not in text
    assert "Días de calor (más de 28 °C):** +14 % (entre +7 % y +21 %, 160 días)" in text
    assert "sin efecto medible en sus datos" in text
    assert "El pronóstico no usa el clima: con lo que se sabía entonces, los errores pasados habrían sido 1 % más grandes" in text
    assert "habrían sido 3 % más chicos: es lo máximo que se puede ganar" in text
    assert "**0,71**" in text and "0,98" in text and "0,86" in text and "quedaron **3 % bajo lo que vino**" in text
    app = show(full_home, "demand", role="viewer")
    assert "Lo que se dijo al comienzo del mes" in app.get("plotly_chart")[1].proto.spec
    (months,) = [frame.value for frame in app.dataframe if "month" in frame.value]
    assert months.columns.tolist() == ["month", "value", "actual", "lo80", "hi80"], "on a phone what came stands beside what was expected"


def test_a_part_has_its_own_forecast_and_record_and_none_of_the_company_s(show, full_home):
    app = show(full_home, "demand", query={"part": "zone:Ñuñoa"})
    text = said(app)
    assert "se desvió 23 % en promedio (repetir la semana anterior: 36 %). 6 de esas semanas quedaron dentro del rango" in text
    assert "Zona: Ñuñoa" in app.selectbox[0].options and "Zona: los demás" in app.selectbox[0].options
    assert "Pedidos, próximos 30 días" in text and "146" not in text
    assert "Tendencia" not in text and "MASE" not in text


@pytest.mark.parametrize(("record", "sentence"), [(None, "cuando los modelos se entrenen de nuevo"), ({}, "La historia es muy corta")])
def test_a_part_without_past_weeks_says_why(show, own_full_home, store_at, record, sentence):
    store_at(own_full_home)
    table = schema.predictions
    with begin_write(store_access.store()) as conn:
        for row in conn.execute(sa.select(table.c.id, table.c.detail).where(table.c.entity_id == "Ñuñoa", table.c.window_days == 7)).all():
            told = {name: value for name, value in row.detail.items() if name != "record"} | ({} if record is None else {"record": record})
            conn.execute(sa.update(table).where(table.c.id == row.id).values(detail=told))
    assert sentence in said(show(own_full_home, "demand", query={"part": "zone:Ñuñoa"}))


@pytest.mark.parametrize("days", ["14", "60", "90"])
def test_the_total_of_the_days_that_are_shown_is_told_without_a_range(show, full_home, days):
    app = show(full_home, "demand", query={"days": days})
    (shown,) = [frame.value for frame in app.dataframe if "shown_day" in frame.value]
    total, opened = round(shown["value"].sum()), int(shown["value"].notna().sum())
    assert f"Próximos {days} días: **{total}**, {opened} días hábiles; solo para 7 y 30 días se conoce el rango" in said(app)
    assert "se conoce el rango" not in said(show(full_home, "demand", query={"days": "30"}))


@pytest.mark.parametrize("measure", ["revenue", "bottles"])
def test_zones_keep_their_names_beside_products_that_have_others(show, full_home, measure):
    (offered,) = [box.options for box in show(full_home, "demand", query={"measure": measure}).selectbox if len(box.options) > 1][:1]
    assert offered[0] == "Producto: Botellón PC" and offered[-2:] == ["Zona: Ñuñoa", "Zona: los demás"], offered
    assert not any("nan" in option or "None" in option for option in offered)


def test_a_part_that_does_not_exist_is_the_whole_company(show, full_home):
    assert "146" in said(show(full_home, "demand", query={"part": "zone:Atlantis"}))


def test_bottles_to_have_follow_the_service_level(show, full_home):
    def ordered(level: str) -> list[float]:
        app = show(full_home, "demand", query={"measure": "bottles", "service": level})
        assert "Botellones que conviene tener" in said(app)
        (table,) = [frame.value for frame in app.dataframe if "order" in frame.value]
        return table["order"].tolist()

    assert all(more > less for more, less in zip(ordered("95"), ordered("80"), strict=True))


def plan_of(app) -> list[list]:
    (plan,) = [frame.value for frame in app.dataframe if "risk" in frame.value]
    (past,) = [frame.value for frame in app.dataframe if "enough" in frame.value]
    return [plan["reduced"].tolist(), plan["risk"].tolist(), plan["short"].tolist(), past["enough"].tolist(), past["short"].tolist()]


def test_ordering_less_says_how_much_more_often_the_week_runs_short(show, full_home):
    app = show(full_home, "demand", query={"measure": "bottles"})
    usual = plan_of(app)
    assert app.slider[0].value == 10 and "Con 10 % menos" in said(app)
    for name, values in zip(("reduced", "risk", "short", "enough", "missing"), usual, strict=True):
        assert len(values) == 3, name
    reduced, risk, short, enough, missing = usual
    assert reduced[2] == reduced[0] + reduced[1] and short[2] == short[0] + short[1] and risk[2] > max(risk[:2])
    assert enough[2] <= min(enough[:2]) and missing[2] > max(missing[:2])
    app.slider[0].set_value(30).run()
    less = plan_of(app)
    assert "Con 30 % menos" in said(app)
    for more in (1, 2, 4):
        assert all(after > before for before, after in zip(usual[more], less[more], strict=True)), "risk and what is missing grow"
    assert all(after < before for before, after in zip(usual[3], less[3], strict=True))
    app.slider[0].set_value(0).run()
    assert "botellones: el riesgo de quedar corto es" in said(app) and "Con 0 % menos" not in said(app)


def test_a_release_that_kept_no_past_weeks_says_when_they_come(show, own_full_home, store_at):
    store_at(own_full_home)
    table = schema.predictions
    with begin_write(store_access.store()) as conn:
        for row in conn.execute(sa.select(table.c.id, table.c.detail).where(table.c.predictor == "demand")).all():
            if (row.detail or {}).get("service"):
                conn.execute(sa.update(table).where(table.c.id == row.id).values(detail=row.detail | {"service": {"weeks": 22}}))
    text = said(show(own_full_home, "demand", query={"measure": "bottles"}))
    assert "cuando los modelos se entrenen de nuevo" in text


def test_the_weather_says_how_it_is_switched_on_and_how_far_it_reaches(live, own_full_home):
    assert "Un administrador lo activa en Configuración, Valores, Clima" in said(live(own_full_home, "demand"))
    with begin_write(store_access.store()) as conn:
        set_preference(conn, "weather_url", "https://weather.example/v1/forecast", who="admin@example.com", at=NOW)
    assert "llega con la próxima actualización" in said(live(own_full_home, "demand"))
    rows = [{"issued_at": AS_OF, "date": AS_OF + timedelta(days=ahead), "temp_max_c": 25.0} for ahead in range(16)]
    with begin_write(store_access.store()) as conn:
        keep_forecast(conn, rows)
    last = AS_OF + timedelta(days=15)
    assert f"llega hasta el {['lun', 'mar', 'mié', 'jue', 'vie', 'sáb', 'dom'][last.weekday()]} {last:%d-%m}" in said(
        live(own_full_home, "demand")
    )


def test_without_weather_the_screen_says_what_would_be_needed(show, own_full_home, store_at):
    store_at(own_full_home)
    table = schema.predictions
    nothing = {"effects": [{"kind": kind, "code": "no_weather", "days": 0} for kind in ("hot", "rainy")], "kept": [], "groups": {}}
    with begin_write(store_access.store()) as conn:
        conn.execute(sa.update(table).where(table.c.measure == "weather_effect").values(detail=nothing))
    text = said(show(own_full_home, "demand"))
    assert text.count("Sus datos no tienen clima") == 1 and "una tabla de días, temperatura máxima y lluvia" in text


def test_usual_weather_stands_in_the_table_where_the_forecast_uses_the_weather(show, own_full_home, store_at):
    store_at(own_full_home)
    table = schema.predictions
    with begin_write(store_access.store()) as conn:
        own = sa.and_(table.c.measure == "orders", table.c.entity_type == "company", table.c.window_days == 1)
        for row in conn.execute(sa.select(table.c.id, table.c.value, table.c.detail).where(own)).all():
            told = row.detail | {"base": row.value * 0.9, "temp_max_c": 31.4, "precip_mm": 0.0}
            conn.execute(sa.update(table).where(table.c.id == row.id).values(detail=told))
    (days,) = [frame.value for frame in show(own_full_home, "demand").dataframe if "shown_day" in frame.value]
    assert "base" in days and days["special"].str.contains("31 °C").any()
    (part,) = [frame.value for frame in show(own_full_home, "demand", query={"part": "zone:Ñuñoa"}).dataframe if "shown_day" in frame.value]
    assert "base" not in part, "the weather was learnt for the company alone"


def test_events_are_drawn_over_the_past_and_the_coming_days(live, own_full_home):
    live(own_full_home, "demand", role="analyst")
    with begin_write(store_access.store()) as conn:
        for name, start in (("Oferta pasada", AS_OF - timedelta(days=20)), ("Oferta futura", AS_OF + timedelta(days=6))):
            events.add(conn, Event("promotion", name, start, start + timedelta(days=2), start), now=NOW, by="x")
    whole, part = (live(own_full_home, "demand", role="viewer", **query) for query in ({}, {"part": "zone:Ñuñoa"}))
    figure = whole.get("plotly_chart")[0].proto.spec
    assert "Oferta pasada" in figure and "Oferta futura" in figure
    assert "Oferta futura" in part.get("plotly_chart")[0].proto.spec, "nothing was sold there in the past days, which the figure leaves out"


def test_events_that_the_data_tells_are_drawn_and_listed_but_nobody_can_remove_them(live, own_full_home, store_at):
    store_at(own_full_home)
    start = AS_OF + timedelta(days=6)
    with begin_write(store_access.store()) as conn:
        values = {"start": start, "end": start + timedelta(days=2), "announced_at": start}
        conn.execute(sa.insert(event_facts), [values | {"kind": "promotion", "name": name} for name in ("Cyber", "")])
    app = live(own_full_home, "demand", role="analyst")
    chart = app.get("plotly_chart")[0].proto
    assert "Cyber" in chart.spec and "(de sus datos)" in chart.spec
    (rows,) = [frame.value for frame in app.dataframe if "where" in frame.value]
    assert rows["name"].tolist() == ["Cyber", "Promoción"] and set(rows["where"]) == {"de sus datos"}
    assert "event-chosen" not in {box.key for box in app.selectbox}
    with begin_write(store_access.store()) as conn:
        events.add(conn, Event("strike", "Paro", start, None, start), now=NOW, by="x")
    app = live(own_full_home, "demand", role="analyst")
    (chosen,) = [box for box in app.selectbox if box.key == "event-chosen"]
    assert len(chosen.options) == 1 and chosen.options[0].startswith("Paro")


def test_what_holidays_do_to_the_open_days_is_said_where_it_is_something(show, own_full_home, store_at):
    store_at(own_full_home)
    table = schema.predictions
    with begin_write(store_access.store()) as conn:
        detail = {"trend": 0.02, "season": None, "holiday": -0.04, "closed_holidays": 2, "history_days": 400, "weather": None}
        conn.execute(sa.update(table).where(table.c.measure == "behind").values(detail=detail))
    assert "2 días cerrados en los próximos 30; mueven sus días hábiles en −4 %" in said(
        show(own_full_home, "demand", query={"days": "14"})
    )


def test_the_usual_week_of_sales_is_money_and_that_of_orders_a_number(show, full_home):
    assert "Semana típica:** lun $ 150.500, mar $ 172.000" in said(show(full_home, "demand", query={"measure": "revenue"}))
    assert "Semana típica:** lun 7, mar 8" in said(show(full_home, "demand"))


def test_each_way_of_forecasting_is_drawn_on_demand(show, full_home):
    app = show(full_home, "demand")
    assert app.get("plotly_chart")[0].proto.spec.count("Holt") == 0
    app.toggle[0].set_value(True).run()
    assert not app.exception and "Holt" in app.get("plotly_chart")[0].proto.spec


def test_little_history_says_how_many_days_are_missing(show, own_full_home, store_at):
    store_at(own_full_home)
    table = schema.predictions
    with begin_write(store_access.store()) as conn:
        own = sa.and_(table.c.measure == "orders", table.c.entity_type == "company", table.c.window_days == 1)
        for row in conn.execute(sa.select(table.c.id, table.c.detail).where(own)).all():
            reason = {"code": "short_history", "params": {"days": 80, "needed": 120}}
            conn.execute(sa.update(table).where(table.c.id == row.id).values(detail=row.detail | {"reason": reason}))
    assert "80 de 120 días de historia; faltan 40" in said(show(own_full_home, "demand"))


def test_orders_have_no_products_and_no_purchase_plan(show, full_home):
    app = show(full_home, "demand")
    assert not any("Producto" in option for option in app.selectbox[0].options)
    assert "Botellones que conviene tener" not in said(app)


def test_an_event_is_entered_shown_removed_and_put_back(live, own_full_home):
    app = live(own_full_home, "demand", role="analyst")
    app.text_input(key="event-0-name").input("Cierre por inventario")
    app.selectbox(key="event-0-kind").select("closure")
    press(app, "Agregar")
    assert "El evento fue agregado" in said(app)
    names = [frame.value for frame in app.dataframe if "announced_at" in frame.value]
    assert names[0]["name"].tolist() == ["Cierre por inventario"]
    press(app, "Quitar")
    assert "El evento fue quitado" in said(app)
    press(app, "Deshacer: reponer «Cierre por inventario»")
    assert "El evento está de vuelta" in said(app)


def test_an_event_is_changed_and_changed_back(live, own_full_home):
    app = live(own_full_home, "demand", role="analyst")
    app.text_input(key="event-0-name").input("Oferta")
    press(app, "Agregar")
    app.text_input(key="event-change-1-0-form-name").input("Oferta de verano")
    app.selectbox(key="event-change-1-0-form-kind").select("strike")
    press(app, "Guardar el cambio")
    assert "El evento fue cambiado" in said(app)
    assert events_listed(app) == [("Oferta de verano", "Huelga")]
    press(app, "Deshacer")
    assert events_listed(app) == [("Oferta", "Promoción")]


def test_a_colleagues_change_of_an_event_is_not_overwritten(live, own_full_home, store_at):
    app = live(own_full_home, "demand", role="analyst")
    app.text_input(key="event-0-name").input("Oferta")
    press(app, "Agregar")
    with begin_write(store_access.store()) as conn:
        row = conn.execute(sa.select(*(events.events.c[name] for name in Event._fields))).one()
        events.change(conn, 1, Event(*row), Event(*row)._replace(name="Oferta de Ana"), now=utc_now(), by="ana@example.com")
    app.text_input(key="event-change-1-0-form-name").input("Oferta de Eva")
    press(app, "Guardar el cambio")
    assert "Alguien cambió este evento" in said(app) and events_listed(app) == [("Oferta de Ana", "Promoción")]


def events_listed(app) -> list[tuple[str, str]]:
    (rows,) = [frame.value for frame in app.dataframe if "announced_at" in frame.value]
    return list(zip(rows["name"], rows["what"], strict=True))


def test_a_price_change_of_one_day_goes_on(live, own_full_home):
    app = live(own_full_home, "demand", role="analyst")
    app.text_input(key="event-0-name").input("Lista de noviembre")
    app.selectbox(key="event-0-kind").select("price_change")
    press(app, "Agregar")
    (rows,) = [frame.value for frame in app.dataframe if "announced_at" in frame.value]
    assert rows["name"].tolist() == ["Lista de noviembre"] and rows["end"].isna().all()


def test_an_event_without_a_name_says_what_is_missing_and_a_viewer_cannot_enter_one(live, own_full_home):
    app = live(own_full_home, "demand", role="analyst")
    press(app, "Agregar")
    assert "nombre de 1 a 80 caracteres" in said(app)
    viewer = live(own_full_home, "demand", role="viewer")
    assert not viewer.exception and not [button for button in viewer.button if button.label == "Agregar"]


def press(app, label: str) -> None:
    (button,) = [button for button in app.button if button.label.replace("\\", "") == label]
    button.click().run()
    assert not app.exception
