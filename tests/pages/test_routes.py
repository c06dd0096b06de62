"""The Routes screen: the cost of a delivery part by part, zones, tours beside what they took, and the map of the day."""

import pytest
import sqlalchemy as sa

from ml.i18n import translator
from ml.routing.delivery import estimate_delivery
from ml.store import schema
from ml.store.engine import begin_write, open_store
from ml.store.preferences import Preferences
from tests.conftest import settings_for
from tests.pages.conftest import texts_of
from tests.pages.filled_store import ZONES
from ui import route_figures

SANTIAGO = {"place": "point", "lat": "-33.45", "lon": "-70.6"}


def changed(home, *statements) -> None:
    engine = open_store(settings_for(home))
    with begin_write(engine) as conn:
        for statement in statements:
            conn.execute(statement)
    engine.dispose()


def said_by(app) -> str:
    return texts_of(app).replace("\\", "").replace("\u00a0", " ")


def test_the_cost_is_that_of_the_formula_part_by_part(show, full_home):
    app = show(full_home, "routes", query=SANTIAGO | {"quantity": "4"})
    want = estimate_delivery(-33.45, -70.6, 4.0, None, Preferences())
    parts = app.dataframe[0].value
    assert parts["cost"].iloc[-1] == pytest.approx(want.estimated_cost)
    assert parts["cost"].iloc[:-1].sum() == pytest.approx(want.estimated_cost)
    assert list(parts["share"].iloc[:-1]) == sorted(parts["share"].iloc[:-1], reverse=True)
    assert "calculado" in said_by(app)
    minutes = round(want.delivery_time_estimate_hours * 60)
    assert f"Se entrega en {minutes} min" in said_by(app) and f" km y {round(want.components['hours'] * 60)} min a una ruta" in said_by(app)


def test_hours_on_the_road_are_hours(show, full_home):
    far = SANTIAGO | {"lat": "-34.5", "quantity": "40"}
    want = estimate_delivery(-34.5, -70.6, 40.0, None, Preferences())
    assert want.delivery_time_estimate_hours > 2
    assert f"Se entrega en {want.delivery_time_estimate_hours:.1f} h".replace(".", ",") in said_by(show(full_home, "routes", query=far))


def test_a_known_zone_stands_for_its_place(show, full_home):
    app = show(full_home, "routes", query={"zone": "Providencia"})
    want = estimate_delivery(-33.431, -70.609, 3.0, None, Preferences())
    assert app.dataframe[0].value["cost"].iloc[-1] == pytest.approx(want.estimated_cost)


def cost_shown(app) -> float:
    return app.dataframe[0].value["cost"].iloc[-1]


def control(app, kind: str, name: str):
    return next(one for one in app.get(kind) if one.key == name or one.key.startswith(f"{name}-es"))


def test_a_customer_is_found_and_the_cost_is_that_of_the_default_address(show, full_home):
    app = show(full_home, "routes", query={"place": "customer"})
    assert not app.metric and translator("es")("Choose a customer; the cost of a delivery there follows.") in [
        box.value for box in app.info
    ]
    control(app, "text_input", "q").set_value("910000000").run()
    assert not app.exception and control(app, "selectbox", "customer").options == ["Ana Rojas 0 · Ñuñoa"]
    want = [
        estimate_delivery(lat + 0.004, lon - 0.004, 3.0, "Empresa", Preferences()) for lat, lon, _ in (ZONES["Ñuñoa"], ZONES["La Reina"])
    ]
    assert cost_shown(app) == pytest.approx(want[0].estimated_cost)
    address = control(app, "selectbox", "address")
    assert address.options[0].startswith("Ñuñoa · 12 pedidos · último el 11-11-2026") and address.options[1].startswith("La Reina · 3 ped")
    address.select_index(1).run()
    assert cost_shown(app) == pytest.approx(want[1].estimated_cost) and app.query_params["address"] == "a-office"


def test_a_link_names_customer_and_address(show, full_home):
    query = {"place": "customer", "customer": "c0", "address": "a-office", "quantity": "5"}
    latitude, longitude, _ = ZONES["La Reina"]
    want = estimate_delivery(latitude + 0.004, longitude - 0.004, 5.0, "Empresa", Preferences())
    assert cost_shown(show(full_home, "routes", query=query)) == pytest.approx(want.estimated_cost)


@pytest.mark.parametrize("key", ["c2", "c3"])
def test_without_coordinates_the_zone_answers_and_the_screen_says_so(show, full_home, key):
    app = show(full_home, "routes", query={"place": "customer", "customer": key})
    zone = {"c2": "La Reina", "c3": "Ñuñoa"}[key]
    latitude, longitude, _ = ZONES[zone]
    want = estimate_delivery(latitude, longitude, 3.0, None, Preferences())
    assert cost_shown(app) == pytest.approx(want.estimated_cost)
    assert f"el costo es el del centro de {zone}" in said_by(app)


def test_where_nobody_knows_the_place_nothing_is_made_up(show, own_full_home):
    nowhere = sa.update(schema.customer_places).where(schema.customer_places.c.customer_id == "c2").values(zone="Atlantis")
    changed(own_full_home, nowhere)
    app = show(own_full_home, "routes", query={"place": "customer", "customer": "c2"})
    assert not app.exception and not app.metric and "no dicen dónde está este cliente" in said_by(app)
    assert "Ningún cliente coincide" in said_by(control(app, "text_input", "q").set_value("zzz").run())


def test_a_viewer_finds_by_id_alone_and_sees_no_name(show, full_home):
    app = show(full_home, "routes", role="viewer", query={"place": "customer", "customer": "c100"})
    assert control(app, "selectbox", "customer").value == "c100"
    assert not any("Rojas" in option or "Elena" in option for option in control(app, "selectbox", "customer").options)
    assert "Ningún cliente coincide" in said_by(control(app, "text_input", "q").set_value("elena").run())


def test_customers_of_one_name_and_zone_are_told_apart(show, own_full_home):
    twins = sa.update(schema.customer_facts).where(schema.customer_facts.c.customer_id.in_(["c6", "c9"])).values(name="Zoe", search="zoe")
    changed(own_full_home, twins)
    app = show(own_full_home, "routes", query={"place": "customer", "q": "zoe"})
    assert sorted(control(app, "selectbox", "customer").options) == ["Zoe · Ñuñoa · c6", "Zoe · Ñuñoa · c9"]


def test_without_any_coordinates_of_customers_the_choice_is_not_offered(show, own_full_home):
    changed(own_full_home, sa.delete(schema.customer_places))
    app = show(own_full_home, "routes", query={"place": "customer", "customer": "c0"})
    assert not app.exception and len(app.metric) == 4
    assert not [one for one in app.text_input if one.key == "q"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (SANTIAGO | {"lat": "95"}, "This place is not on the globe: latitude is from -90 to 90, longitude from -180 to 180."),
        (SANTIAGO | {"quantity": "0"}, "The number of bottles must be above 0."),
        (SANTIAGO | {"lat": "-20"}, "This place is more than 500 km from the depot; deliveries up to there can be costed."),
    ],
)
def test_a_wrong_question_is_answered_by_one_sentence(show, full_home, query, sentence):
    app = show(full_home, "routes", query=query)
    assert not app.exception and not app.error
    assert app.warning[-1].value == translator("es")(sentence)
    assert not app.metric


@pytest.mark.parametrize(
    "query", [{"lat": "x'; DROP"}, {"zone": "<script>"}, {"quantity": "nan"}, {"place": "?"}, {"type": "x" * 900}, {"customer": "'; DROP"}]
)
def test_an_unusable_address_shows_the_usual_view(show, full_home, query):
    app = show(full_home, "routes", query=query)
    assert not app.exception and not app.error and len(app.metric) == 4


def test_tours_stand_beside_what_they_took(show, full_home):
    app = show(full_home, "routes")
    tours = app.dataframe[2].value.set_index("tour_id")
    assert tours.loc["t5", "actual"] == pytest.approx(60 * 350 + 4 * 6500)  # kilometres and hours at the usual rates
    assert tours["actual"].isna().sum() == 1
    assert "24 rutas en los últimos 30 días" in said_by(app) and "quedaron dentro del rango" in said_by(app)


def test_the_map_is_drawn_without_anybody_elses_tiles(show, full_home):
    app = show(full_home, "routes")
    drawn = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert any("scaleanchor" in spec for spec in drawn)
    assert not any("mapbox" in spec or "http" in spec or "scattergeo" in spec for spec in drawn)


def test_a_viewer_sees_no_door(show, full_home):
    exact = [chart.proto.spec for chart in show(full_home, "routes", role="analyst").get("plotly_chart")]
    rough = [chart.proto.spec for chart in show(full_home, "routes", role="viewer").get("plotly_chart")]
    assert any("-70.613" in spec for spec in exact)
    assert not any("-70.613" in spec for spec in rough)


def test_without_a_model_the_rates_answer_and_the_screen_says_what_is_missing(show, own_full_home):
    gone = [sa.delete(schema.release_pointer).where(schema.release_pointer.c.predictor == "route_cost")]
    gone += [sa.delete(table) for table in (schema.delivery_points, schema.tour_facts)]
    changed(own_full_home, *gone)
    app = show(own_full_home, "routes")
    said = said_by(app)
    assert not app.exception and not app.error
    assert len(app.metric) == 4 and "calculado" in said
    assert "no tienen coordenadas" in said and "no tienen rutas" in said


def test_a_scale_is_a_round_number_under_a_third_of_the_width():
    assert [route_figures._scale(width) for width in (0.1, 7.0, 31.0, 1e6)] == [1, 2, 10, 200]
