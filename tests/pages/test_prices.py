"""The Prices screen: what a change does in words, suggestions with their reason, and a price tried on the model in service."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from ml.i18n import translator
from ml.pricing import elasticity, suggest
from ml.pricing.elasticity import Elasticity
from ml.pricing.model import CellModel, PriceModel
from ml.pricing.whatif import price_what_if
from ml.store import schema
from ml.store.engine import begin_write, open_store
from ml.store.pointers import Served
from tests.conftest import settings_for
from tests.pages.conftest import texts_of
from ui import loaded, texts
from ui import price_what_if as trying

HOMES = {"product": "p1", "type": "Hogar"}


@pytest.fixture
def model_in_service(monkeypatch):
    """A fitted model with an elasticity of -1.1 for homes, whose draws lie between -1.4 and -0.8; returns what it knows."""
    read = Elasticity(-1.1, np.linspace(-1.4, -0.8, 41), None, 0.05, 60)
    cells = {("p1", kind): CellModel(read, 3_400.0, False, 30, 310.0, np.zeros(13)) for kind in ("Hogar", "Empresa")}
    model = PriceModel(
        pd.Timestamp(2026, 11, 20), ("p1",), cells, {"p1": read}, None, {"p1": 620.0}, {"p1": 1_000.0}, {}
    )  # fmt: skip
    predictor = SimpleNamespace(price_what_if=lambda product, kind, price, **now: price_what_if(model, product, kind, price, **now))
    served = Served(predictor, "r", ())
    monkeypatch.setattr(loaded, "MODELS", SimpleNamespace(serving=lambda connection, name: served))
    return cells


def test_a_suggestion_is_said_with_its_limits_and_its_gain(show, full_home):
    app = show(full_home, "prices", query=HOMES)
    shown = {metric.label: (metric.value, metric.delta) for metric in app.metric}
    assert shown["Precio sugerido"] == (r"\$ 3\.700".replace(" ", "\u00a0"), "+9\u00a0%")
    said = texts_of(app).replace("\\", "").replace("\u00a0", " ")
    assert "Un precio mayor conviene en al menos 9 de 10 casos." in said
    assert "El margen crecería 4 %, 8 de 10 veces entre 2 % y 6 %." in said
    assert "$ 3.060 – 3.740" in said


def test_where_each_type_pays_its_own_price_no_gain_is_told_of_a_price_nobody_pays(show, full_home):
    said = texts_of(show(full_home, "prices", query={"product": "p1"})).replace("\\", "")
    assert translator("es")(texts.PRICE_ANSWERS["see_customer_types"]) in said and "crecería" not in said


def test_an_elasticity_is_a_plain_sentence_with_its_range(show, full_home):
    said = texts_of(show(full_home, "prices", query=HOMES, language="en")).replace("\\", "").replace("\u00a0", " ")
    assert "A price 10 % higher would sell **10 % fewer** units; 8 of 10 times between 13 % fewer and 7 % fewer." in said


def test_a_price_that_never_moved_says_why_and_what_would_help(show, full_home):
    app = show(full_home, "prices", query={"product": "p2"})
    said = texts_of(app).replace("\\", "")
    t = translator("es")
    assert t(texts.PRICE_ANSWERS["not_enough_price_variation"]) in said
    assert t(texts.PRICE_HELP["not_enough_price_variation"]) in said
    assert "costo de compra" in said
    assert not app.select_slider


def test_a_price_is_tried_inside_the_limits(show, full_home, model_in_service):
    app = show(full_home, "prices", query=HOMES)
    slider = app.select_slider[0]
    assert "3.060" in slider.options[0] and "3.740" in slider.options[-1]
    assert slider.value == 3_700
    before = {metric.label: metric.value for metric in app.metric}
    slider.set_value(next(price for price in [3_400.0])).run()
    after = {metric.label: metric.value for metric in app.metric}
    assert not app.exception and not app.error
    assert (before["Unidades en 28 días"], after["Unidades en 28 días"]) == ("282", "310")  # 310 × (3700 / 3400) ^ -1.1
    assert app.get("plotly_chart")


def test_a_model_that_does_not_know_the_product_leaves_the_rest_whole(show, full_home, model_in_service):
    model_in_service.clear()
    app = show(full_home, "prices", query=HOMES)
    assert not app.error and len(app.metric) == 4 and not app.select_slider
    assert translator("es")(
        "The model in service cannot be asked at the moment; the suggestions and the table are not touched by this."
    ) in texts_of(app)


def test_a_company_whose_prices_never_moved_is_told_what_would_help(show, own_full_home):
    engine = open_store(settings_for(own_full_home))
    unread = {"product_id": "p1", "current_price": 3_000.0, "reason": {"code": "price_moves_with_season", "params": {}}}
    table = schema.predictions
    with begin_write(engine) as conn:
        conn.execute(sa.delete(table).where(table.c.entity_id.like("p1|%")))
        values = {"value": None, "lo80": None, "hi80": None, "detail": unread}
        conn.execute(sa.update(table).where(table.c.entity_id == "p1", table.c.measure == "elasticity").values(**values))
    engine.dispose()
    app = show(own_full_home, "prices")
    assert not app.exception and not app.error
    assert "de ningún producto" in app.info[0].value and app.info[0].value.count("Qué ayudaría") == 2
    assert len(app.dataframe[0].value) == 2


def test_every_product_is_listed_with_what_is_expected_of_it(show, full_home):
    shown = show(full_home, "prices").dataframe[0].value.set_index("name")
    assert shown.loc["Botellón 20 l", "last"] == pytest.approx(589)
    assert shown.loc["Botellón 20 l", "expected"].replace("\u00a0", " ") == "620 (496 – 744)"
    assert pd.isna(shown.loc["Vasos x 1000", "suggested"])


@pytest.mark.parametrize("query", [{"product": "<script>"}, {"product": "p2", "type": "Hogar"}, {"product": "p1", "type": "x" * 900}])
def test_an_unusable_address_shows_the_usual_view(show, full_home, query):
    app = show(full_home, "prices", query=query)
    assert not app.exception and not app.error and len(app.metric) == 4


def test_another_product_without_types_can_be_chosen_from_a_type(show, full_home):
    app = show(full_home, "prices", query=HOMES)
    app.selectbox[0].select("p2").run()
    assert not app.exception and not app.error
    app.selectbox[0].select("p1").run()
    assert not app.exception and not app.error


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_reason_of_a_price_has_its_words(language):
    t = translator(language)
    unread = {"not_enough_weeks_with_sales", "no_usual_price", "not_enough_price_variation", "price_moves_with_season", "interval_too_wide"}
    answers = {"raise_price", "lower_price", "keep_price", "elasticity_above_zero", "margin_below_minimum", "see_customer_types"}
    assert set(texts.PRICE_HELP) == unread and set(texts.PRICE_ANSWERS) == unread | answers
    code = (elasticity.__file__, suggest.__file__)
    written = "".join(open(path, encoding="utf-8").read() for path in code)  # noqa: PTH123, SIM115
    assert all(f'"{name}"' in written for name in unread | answers - {"see_customer_types"})
    for table in (texts.PRICE_ANSWERS, texts.PRICE_HELP, texts.PRICE_REASONS):
        assert all(t(text) for text in table.values())


def test_prices_to_try_lie_inside_and_hold_the_marks():
    prices = trying.inside(90.0, 110.0, (100.0, float("nan"), 200.0))
    assert prices[0] == 90 and prices[-1] == 110 and 100 in prices
    assert prices == sorted(set(prices))
    assert trying.inside(100.0, 100.0, (100.0,)) == [100.0]


def with_a_test(home, history: dict[str, float] | None) -> None:
    """A price test of PC at homes is told beside the elasticity."""
    told = {"experiment_id": "one", "customer_type": "Hogar", "start": "2026-05-01", "end": "2026-05-28", "value": -0.8, "se": 0.25,
            "lo80": -1.12, "hi80": -0.48, "price_change": 0.1, "units_change": -0.07, "customers": [61, 59],
            "is_simulated": True}  # fmt: skip
    table, engine = schema.predictions, open_store(settings_for(home))
    mine = (table.c.measure == "elasticity", table.c.entity_id.in_(("p1", "p1|Hogar")))
    with begin_write(engine) as conn:
        for key, detail in conn.execute(sa.select(table.c.id, table.c.detail).where(*mine)).all():
            new = detail | {"tests": [told], "history": history}
            conn.execute(sa.update(table).where(table.c.id == key).values(detail=new))
    engine.dispose()


def test_a_finished_price_test_is_told_beside_the_history(show, own_full_home):
    with_a_test(own_full_home, {"value": -1.4, "lo80": -2.0, "hi80": -0.9})
    said = texts_of(show(own_full_home, "prices", query=HOMES)).replace("\\", "").replace("\u00a0", " ")
    assert "**Su prueba de mayo 2026** (simulada): 10 % más caro, se vendieron 7 % menos unidades (10 % menos – 4 % menos)" in said
    assert "-0,8 % por cada 1 % de precio, 8 de 10 veces de -1,1 a -0,5." in said
    assert "59 clientes pagaron 10 % más que otros 61." in said
    assert "La sola historia dice 12 % menos (17 % menos – 8 % menos)." in said
    assert "mayo 2026, Hogar" in texts_of(show(own_full_home, "prices", query={"product": "p1"}))


def test_a_test_that_stands_alone_says_so(show, own_full_home):
    with_a_test(own_full_home, None)
    said = texts_of(show(own_full_home, "prices", query=HOMES, language="en")).replace("\\", "")
    assert "the figures above are those of your tests" in said and "history alone says" not in said
