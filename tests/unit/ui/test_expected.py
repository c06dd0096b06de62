"""The days ahead as they are listed: closed days as closed, and usual weather beside the forecast where the weather is used."""

import numpy as np
import pandas as pd

from tests.unit.ui.test_charts import screen
from ui import expected
from ui.tables import csv_bytes

NONE = float("nan")


def days(**weather) -> pd.DataFrame:
    frame = pd.DataFrame({"day": pd.date_range("2026-12-04", periods=4, unit="us"), "value": [6.0, 0.0, 1.0, 5.0]})
    bands = {name: frame["value"] * share for name, share in (("lo80", 0.5), ("hi80", 1.5), ("lo95", 0.3), ("hi95", 1.9))}
    told = {"base": NONE, "temp_max_c": NONE, "precip_mm": NONE} | weather
    return frame.assign(is_open=[True, False, False, True], holiday=pd.Series([None, None, "Feriado", None], dtype=object), **bands, **told)


def test_a_closed_day_is_closed_and_not_nothing_more_or_less():
    rows = expected.day_rows(screen(), days())
    assert np.isnan(rows["value"][1]) and np.isnan(rows["hi95"][1]) and rows["special"].tolist() == ["", "cerrado", "cerrado; Feriado", ""]
    assert rows["value"][2] == 1.0, "what is expected on a closed day is shown"


def test_usual_weather_stands_beside_the_forecast_only_where_it_is_known():
    plain, told = days(), days(base=[5.2, 0.0, NONE, NONE], temp_max_c=[31.2, 30.0, NONE, NONE], precip_mm=[0.0, 6.4, NONE, NONE])
    assert "base" not in [column.name for column in expected.day_columns(screen(), "orders", plain)]
    columns = {column.name: column for column in expected.day_columns(screen(), "orders", told)}
    assert columns["base"].label == "Con clima habitual" and columns["base"].digits == 1
    rows = expected.day_rows(screen(), told)
    assert rows["special"].tolist()[:2] == ["31 °C", "cerrado; 30 °C, 6 mm"]
    assert rows["base"][0] == 5.2 and np.isnan(rows["base"][1])


def test_the_file_has_dates_and_both_ranges():
    columns = expected.exported_columns(screen(), "revenue", days())
    assert [(column.name, column.kind) for column in columns] == [
        ("day", "day"), ("value", "money"), ("lo80", "money"), ("hi80", "money"), ("lo95", "money"), ("hi95", "money"), ("special", "text"),
    ]  # fmt: skip
    assert [column.label for column in columns[2:6]] == [
        f"{edge} ({often})" for often in ("8 de 10 días", "19 de 20 días") for edge in ("Desde", "Hasta")
    ]
    lines = csv_bytes(expected.day_rows(screen(), days()), columns, spanish=True).decode("utf-8-sig").split("\r\n")
    assert lines[1:3] == ["04-12-2026;6;3,0;9,0;1,8;11,4;", "05-12-2026;;;;;;cerrado"]
