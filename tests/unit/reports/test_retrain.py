"""The report says what happened to every model, and the table of records holds the figures over all cutoffs."""

from datetime import date, datetime

import pytest

from ml.evaluation.candidate import Candidate
from ml.evaluation.promotion import Decision
from ml.predictors.base import Company
from ml.reports.journal import open_journal
from ml.reports.retrain import headline, markdown_table, number, records_table, retrain_report
from ml.store.pointers import Served
from ml.store.predictions import Score
from tests.fakes import Orders, toy_reading

CUT = date(2026, 7, 12)


def record(value: float, baseline: float = 1.0) -> list[Score]:
    return [
        Score("orders", "orders", "mae", None, 1, "all", 1234, value, baseline, "rule"),
        Score("orders", "orders", "mae", CUT, 1, "all", 617, value, baseline, "rule"),
        Score("orders", "orders", "wape", None, 30, "all", 3, 0.0512, None, "rule"),
    ]


@pytest.fixture
def journal(tmp_path):
    with open_journal(tmp_path, "retrain", 3, lambda _line: None, datetime(2026, 11, 1, 5)) as made:
        with made.step("read"):
            made.outcome = "5 orders"
        yield made


def promoted() -> Candidate:
    before = Served(Orders(Company()), "r1", ())
    decision = Decision("promoted", "not_worse", {"measure": "orders", "metric": "mae", "challenger": 0.4, "champion": 0.5})
    return Candidate("orders", "r1", before, record_before=record(0.5), fitted=Orders(Company()), record=record(0.4), decision=decision)


def test_the_report_tells_every_fate(journal):
    refused = Candidate("price", fitted=Orders(Company()), decision=Decision("kept", "empty_answer", {}))
    without_data = Candidate("routes", failure="There are no tours; at least 5 are needed.")
    failed = Candidate("churn", "r0", Served(Orders(Company()), "r0", ()), failure="ZeroDivisionError: division by zero")
    text = retrain_report(toy_reading(), [promoted(), refused, without_data, failed], "r2", journal)
    assert text.startswith("# retrain-20261101T050000Z-3\n")
    assert "Source: csv:toy. As of 2026-08-11. Amounts are net of VAT." in text
    assert "| orders | promoted | As good as the release before, or better (orders: mae 0.4 against 0.5). | r1 |" in text
    assert "| price | kept back | It had nothing to say about any entity. | – |" in text
    assert "| routes | not available | There are no tours; at least 5 are needed. | – |" in text
    assert "| churn | kept back | ZeroDivisionError: division by zero | r0 |" in text
    assert "| orders | orders | mae | 0.4 | 0.5 |" in text
    assert "| future_date | orders | 1 | left_out | O1 |" in text
    assert "| read | 0.0 |" in text
    assert "{" not in text


def test_records_are_those_over_all_cutoffs():
    table = records_table(record(0.4)).splitlines()
    assert len(table) == 4
    assert table[2] == "| orders | orders | day | mae | 0.4 | 1 | 1,234 rows (all) | 1 |"
    assert table[3] == "| orders | orders | 30 days | wape | 0.0512 | – | 3 rows (all) | 0 |"
    assert records_table([]).startswith("Nothing could be judged")


def test_the_headline_holds_the_deciding_scores():
    assert headline(promoted()) == {"orders": {"metric": "mae", "value": 0.4, "baseline": 1.0, "count": 1234}}
    assert headline(Candidate("orders")) == {}


def test_cells_and_numbers_are_readable():
    assert markdown_table(("a",), [("x|y",)]).splitlines()[2] == "| x\\|y |"
    assert [number(value) for value in (0.0, 0.12345, 99.96, 12345.6, float("nan"), None)] == ["0", "0.123", "100", "12,346", "–", "–"]


@pytest.mark.parametrize(
    ("candidate", "state"),
    [
        (promoted(), "promoted"),
        (Candidate("a", failure="No data."), "unavailable"),
        (
            Candidate(
                "a", fitted=Orders(Company()), decision=Decision("review", "leak_fit", dict.fromkeys(("measure", "r2", "physics"), 1.0))
            ),
            "review",
        ),
        (Candidate("a", "r", Served(Orders(Company()), "r", ())), "answers"),
        (Candidate("a", "r", Served(Orders(Company()), "r", ()), failure="ZeroDivisionError"), "failed"),
        (Candidate("a", "r", Served(Orders(Company()), "r", ()), decision=Decision("kept", "not_judged", {})), "kept"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_fate_in_the_ledger(candidate, state):
    assert candidate.fate["state"] == state
