"""One spelling per zone."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.source.zones import SANTIAGO, fold, spell


def spelled(*names: str | None, gazetteer: str | None = "santiago") -> list[str]:
    return spell(pd.Series(names, dtype="str"), gazetteer).values.dropna().tolist()


@pytest.mark.parametrize(
    ("came", "wanted"),
    [
        ("NUNOA", "Ñuñoa"), ("Ñuñoa ", "Ñuñoa"), ("penalolen", "Peñalolén"), ("Providenca", "Providencia"), ("Las Condez", "Las Condes"),
        ("Stgo.", "Santiago"), ("Santiago Centro", "Santiago"), ("LaReina", "La Reina"), ("PAC", "Pedro Aguirre Cerda"),
        ("Viña del Mar", "Viña del Mar"), ("San Migel", "San Miguel"),
    ],
)  # fmt: skip
def test_a_commune_is_recognised_and_others_stay(came: str, wanted: str) -> None:
    assert spelled(came) == [wanted]


def test_what_changed_and_what_is_unknown_is_marked() -> None:
    spelling = spell(pd.Series(["Maipu", "Maipú", "Rancagua", None], dtype="str"), "santiago")
    assert spelling.corrected.tolist() == [True, False, False, False]
    assert spelling.unknown.tolist() == [False, False, True, False]


def test_without_a_list_the_most_frequent_spelling_wins() -> None:
    assert spelled("eire", "EIRE", "EIRE", "France", gazetteer=None) == ["EIRE"] * 3 + ["France"]
    assert not spell(pd.Series(["France"], dtype="str"), None).unknown.any()


@pytest.mark.parametrize("name", SANTIAGO)
def test_every_commune_keeps_its_own_name(name: str) -> None:
    assert spelled(name) == spelled(fold(name)) == [name]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.one_of(st.none(), st.sampled_from(SANTIAGO), st.text(max_size=10).map(str.strip).filter(bool)), min_size=1))
def test_spelling_twice_changes_nothing(names: list[str | None]) -> None:
    once = spell(pd.Series(names, dtype="str"), "santiago").values
    assert spell(once, "santiago").values.dropna().tolist() == once.dropna().tolist()
