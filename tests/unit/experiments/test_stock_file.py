"""The outcomes of a stock test as a file: what is read, and one sentence with the line for what cannot be."""

from datetime import date

import pytest

import ml.experiments as api
from ml.experiments.errors import ExperimentError
from ml.experiments.stock_file import COLUMNS, form, read_outcomes
from ml.store import experiments as store
from tests.unit.experiments.conftest import TODAY

UNITS = [f"PC|Zona {number}" for number in range(8)]
HEAD = ",".join(COLUMNS)


@pytest.fixture
def kept(empty):
    experiment = api.create_demand_forecast_experiment(UNITS, TODAY, 28, **empty)
    with empty["store"].connect() as connection:
        yield store.get(connection, experiment.experiment_id)


def read(kept, text: str, encoding: str = "utf-8"):
    return read_outcomes(kept, UNITS, text.encode(encoding), TODAY)


def test_a_file_is_read_with_either_separator_and_either_form_of_day(kept):
    comma = read(kept, f"{HEAD}\nPC|Zona 1,2026-06-07,2,9.5,15000\n\nPC|Zona 2,2026-06-07,0,,\n")
    semicolon = read(
        kept, "Cost_CLP;product_zone;period;units_short;stock_outs\r\n$ 15.000,0;PC|Zona 1;07-06-2026;9,5;2\r\n;PC|Zona 2;07/06/2026;;0\r\n"
    )
    assert comma == semicolon
    assert comma[0] == {
        "unit_id": "PC|Zona 1", "period": "2026-06-07", "day": date(2026, 6, 7),
        "outcome": {"stock_outs": 2, "units_short": 9.5, "cost_clp": 15_000},
    }  # fmt: skip
    assert comma[1]["outcome"] == {"stock_outs": 0}


def test_a_point_of_thousands_is_none_of_decimals(kept):
    rows = read(kept, f"{HEAD.replace(',', ';')}\nPC|Zona 1;07-06-2026;1;9,5;15.000\nPC|Zona 2;07-06-2026;0;;1.250.000\n")
    assert [row["outcome"]["cost_clp"] for row in rows] == [15_000, 1_250_000] and rows[0]["outcome"]["units_short"] == 9.5


def test_what_a_spreadsheet_of_an_old_machine_writes_is_read(kept, empty):
    units = ["PC|Ñuñoa", *UNITS[1:]]
    assert read_outcomes(kept, units, f"{HEAD}\nPC|Ñuñoa,2026-06-07,1,,\n".encode("latin-1"), TODAY)[0]["unit_id"] == "PC|Ñuñoa"


def test_the_form_names_every_unit_and_can_be_filled_in(kept):
    lines = form(UNITS, date(2026, 6, 7)).decode("utf-8-sig").splitlines()
    assert lines[0] == HEAD and lines[1] == "PC|Zona 0,2026-06-07,,,"
    assert len(read(kept, "\n".join([lines[0], *(line.replace(",,,", ",1,,") for line in lines[1:])]))) == 8


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ("", "stock_columns", "The first line holds nothing"),
        ("a,b\n1,2\n", "stock_columns", "product_zone, period is missing"),
        ("product_zone,period\nPC|Zona 1,2026-06-07\n", "stock_columns", "stock_outs, units_short, cost_clp is missing"),
        (f"{HEAD}\n", "stock_rows", "0 rows"),
        (f"{HEAD}\nPC|Zona 1,2026-06-07,1,,\nPC|Zona 99,2026-06-07,1,,\n", "stock_unit", "Line 3 is of 'PC|Zona 99'"),
        (f"{HEAD}\nPC|Zona 1,soon,1,,\n", "stock_period", "Line 2 has 'soon' as period"),
        (f"{HEAD}\nPC|Zona 1,2026-05-31,1,,\n", "stock_day", "counts from 2026-06-01"),
        (f"{HEAD}\nPC|Zona 1,2026-06-29,1,,\n", "stock_day", "to 2026-06-28"),
        (f"{HEAD}\nPC|Zona 1,2026-06-07,,,\n", "stock_empty", "tells no number"),
        (f"{HEAD}\nPC|Zona 1,2026-06-07,-1,,\n", "stock_value", "Line 2: stock_outs of PC|Zona 1 was -1"),
        (f"{HEAD}\nPC|Zona 1,2026-06-07,1.5,,\n", "stock_value", "whole number"),
        (f"{HEAD}\nPC|Zona 1,2026-06-07,many,,\n", "stock_value", "Line 2 has 'many' as stock_outs"),
        (f"{HEAD}\nPC|Zona 1,2026-06-07,nan,,\n", "stock_empty", "tells no number"),
        (f"{HEAD}\nPC|Zona 1,2026-06-07,inf,,\n", "stock_value", "Line 2 has 'inf' as stock_outs"),
    ],
)
def test_what_cannot_be_read_names_its_line(kept, text, code, sentence):
    with pytest.raises(ExperimentError) as caught:
        read(kept, text)
    assert caught.value.code == code and sentence in str(caught.value)


def test_a_file_of_another_size_is_refused(kept):
    with pytest.raises(ExperimentError, match="larger than 5 MB"):
        read_outcomes(kept, UNITS, b"x" * 5_000_001, TODAY)
