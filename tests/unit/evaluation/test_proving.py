"""A stored release is asked in a fresh process; what it cannot load, repeat or answer in time is found before it serves."""

import dataclasses

import numpy as np
import pytest

from ml.evaluation.proving import Examination, Told, examine_here, golden_numbers, golden_rows, in_fresh_process, prove
from ml.predictors.base import Company
from ml.store.releases import Content, pack, write_release
from tests.fakes import AS_OF, Orders, toy_tables

KEY = "k" * 40
TABLES = toy_tables()


@pytest.fixture
def fitted():
    return Orders(Company()).fit(TABLES, AS_OF)


@pytest.fixture
def examination(tmp_path, fitted):
    from datetime import datetime

    models = tmp_path / "models"
    made = write_release(models, Content({"orders": pack(fitted)}), key=KEY, now=datetime(2026, 11, 1), as_of=AS_OF, fingerprint="f")
    return Examination(models, made, ("orders",), KEY, TABLES, AS_OF)


def test_a_fresh_process_repeats_the_answer(examination, fitted):
    answers = {"orders": fitted.predict(TABLES, AS_OF)}
    assert prove(examination, answers, in_fresh_process) == {}
    moved = {"orders": answers["orders"].assign(value=answers["orders"]["value"] + 1e-6)}
    assert prove(examination, moved, examine_here)["orders"].code == "not_repeatable"


def test_a_damaged_file_and_a_process_that_dies_are_found(examination, fitted):
    answers = {"orders": fitted.predict(TABLES, AS_OF)}
    other_key = prove(dataclasses.replace(examination, key="o" * 40), answers, examine_here)["orders"]
    assert (other_key.code, other_key.verdict) == ("cannot_load", "stop")
    assert "another INSIGHTS_SECRET_KEY" in other_key.params["problem"]
    broken = dataclasses.replace(examination, tables=None)
    assert "'NoneType' object has no attribute 'known'" in prove(broken, answers, examine_here)["orders"].params["problem"]


def test_rows_numbers_and_time_are_checked(fitted):
    answer = fitted.predict(TABLES, AS_OF)
    right = golden_numbers(answer)

    def code(told: Told) -> str | None:
        found = prove(Examination(None, "r", ("orders",), KEY, TABLES, AS_OF), {"orders": answer}, lambda _asked: {"orders": told})
        return found["orders"].code if found else None

    assert code(Told(right, len(answer), 1.0)) is None
    assert code(Told(right * (1 + 1e-12), len(answer), 1.0)) is None
    assert code(Told(right, len(answer) - 1, 1.0)) == "not_repeatable"
    assert code(Told(np.full_like(right, np.nan), len(answer), 1.0)) == "not_repeatable"
    assert code(Told(right, len(answer), 61.0)) == "too_slow"


def test_golden_rows_are_spread_over_the_whole_answer():
    assert golden_rows(0).tolist() == []
    assert golden_rows(3).tolist() == [0, 1, 2]
    assert (golden_rows(1001)[[0, -1]] == [0, 1000]).all()
    assert len(golden_rows(1001)) == 100
