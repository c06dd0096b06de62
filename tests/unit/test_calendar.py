from datetime import date

import pandas as pd
import pytest

from ml.calendar import (
    CalendarError,
    bridge_days,
    closing_days,
    customary_days,
    holiday_names,
    holidays_between,
    is_fiestas_patrias,
    knows_country,
)


def test_chile_2025_by_the_official_list():
    """Golden: feriados.cl, year 2025, without the regional ones of Arica and Chillán."""
    found = holidays_between("CL", date(2025, 1, 1), date(2025, 12, 31))
    days = [
        "2025-01-01", "2025-04-18", "2025-04-19", "2025-05-01", "2025-05-21", "2025-06-20", "2025-06-29", "2025-07-16", "2025-08-15",
        "2025-09-18", "2025-09-19", "2025-10-12", "2025-10-31", "2025-11-01", "2025-11-16", "2025-12-08", "2025-12-14", "2025-12-25",
    ]  # fmt: skip
    assert [str(day.date()) for day in found["date"]] == days
    assert list(found.columns) == ["date", "name", "is_irrevocable"]
    assert str(found["date"].dtype) == "datetime64[us]" and str(found["name"].dtype) == "str"


def test_irrevocable_days_follow_the_law_of_their_year():
    def irrevocable(year: int) -> list[str]:
        found = holidays_between("CL", date(year, 1, 1), date(year, 12, 31))
        return [day.strftime("%m-%d") for day in found.loc[found["is_irrevocable"], "date"]]

    assert irrevocable(2026) == ["01-01", "05-01", "09-18", "09-19", "12-25"]
    assert irrevocable(2011) == ["01-01", "05-01", "09-18", "12-25"]  # 19 September only since Ley 20.629 (2012)
    assert "10-27" not in irrevocable(2024)  # Ley 21.693
    assert "11-16" in irrevocable(2025)


def test_moved_and_conditional_holidays_of_chile():
    names = holiday_names("CL", date(2016, 1, 1), date(2024, 12, 31))
    assert date(2017, 1, 2) in names and date(2016, 1, 2) not in names  # Ley 20.983: 2 January when a Monday
    assert date(2022, 9, 16) in names  # Ley 21.482, that year only
    assert date(2023, 10, 9) in names and date(2023, 10, 12) not in names  # Ley 19.668: moved to the Monday
    assert date(2023, 10, 27) in names  # Ley 20.299: 31 October on a Tuesday moves to the Friday before
    assert date(2024, 9, 20) in names  # Ley 20.215: 20 September when a Friday


def test_names_are_in_the_language_of_the_country():
    assert holiday_names("CL", date(2025, 12, 25), date(2025, 12, 25)) == {date(2025, 12, 25): "Navidad"}
    assert "Weihnachtstag" in holiday_names("DE", date(2025, 12, 25), date(2025, 12, 25))[date(2025, 12, 25)]


def test_an_election_on_a_holiday_keeps_both_names():
    assert holiday_names("CL", date(2021, 5, 16), date(2021, 5, 16)) == {date(2021, 5, 16): "Día de elecciones"}


def test_bridges_lie_between_two_free_days():
    assert bridge_days("CL", date(2025, 1, 1), date(2026, 12, 31)) == [
        date(2025, 5, 2), date(2025, 12, 26), date(2026, 1, 2), date(2026, 5, 22), date(2026, 7, 17), date(2026, 12, 7),
    ]  # fmt: skip


def test_fiestas_patrias():
    assert [is_fiestas_patrias(date(2026, 9, day)) for day in (16, 17, 20, 21)] == [False, True, True, False]


def test_both_ends_are_included_and_years_are_joined():
    found = holidays_between("GB", date(2011, 12, 25), date(2012, 1, 1))
    assert found["date"].iloc[0] == pd.Timestamp("2011-12-25") and found["date"].iloc[-1] == pd.Timestamp("2012-01-01")


def test_a_country_unknown_to_the_library_has_no_holidays():
    assert not knows_country("XX")
    empty = holidays_between("XX", date(2025, 1, 1), date(2025, 12, 31))
    assert empty.empty and str(empty["date"].dtype) == "datetime64[us]"
    assert bridge_days("XX", date(2025, 1, 1), date(2025, 1, 31)) == []


@pytest.mark.parametrize("country", ["", "Chile", "C1"])
def test_what_is_no_country_code_is_refused(country: str):
    with pytest.raises(CalendarError, match=f"country '{country}' is not a two-letter code"):
        holidays_between(country, date(2025, 1, 1), date(2025, 1, 2))


def test_a_span_that_ends_before_it_begins_is_refused():
    with pytest.raises(CalendarError, match="from 2025-01-02 to 2025-01-01 came"):
        holidays_between("CL", date(2025, 1, 2), date(2025, 1, 1))


def test_customary_days_are_no_public_holidays():
    """Golden: church calendar of 2018 (Easter Sunday 1 April), holidays of single German regions, the English bank holiday."""
    german = customary_days("DE", date(2018, 1, 1), date(2018, 12, 31))
    assert german[date(2018, 4, 1)] == "Easter Sunday" and german[date(2018, 5, 31)] == "Corpus Christi"
    assert german[date(2018, 8, 15)] == "Mariä Himmelfahrt" and german[date(2018, 12, 24)] == "Christmas Eve"
    assert not set(german) & set(holiday_names("DE", date(2018, 1, 1), date(2018, 12, 31)))
    assert customary_days("GB", date(2011, 8, 29), date(2011, 8, 29)) == {date(2011, 8, 29): "Late Summer Bank Holiday"}
    assert customary_days("US", date(2017, 11, 22), date(2017, 11, 30)) == {date(2017, 11, 24): "Black Friday"}
    assert customary_days("XX", date(2018, 5, 1), date(2018, 5, 14)) == {
        date(2018, 5, 10): "Ascension Day",
        date(2018, 5, 13): "Mother's Day",
    }


def test_closing_days():
    assert closing_days("CL", date(2026, 1, 1), date(2026, 12, 31)) == {
        date(2026, 1, 1), date(2026, 5, 1), date(2026, 9, 18), date(2026, 9, 19), date(2026, 12, 25),
    }  # fmt: skip
    assert closing_days("DE", date(2026, 2, 1), date(2026, 12, 31)) == {date(2026, 12, 25)}
