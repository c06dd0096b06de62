"""A run's lines: shown as they happen, kept with timestamps, the trace in the log only."""

import re
from datetime import datetime

import pytest

from ml.reports.journal import JournalError, open_journal

NOW = datetime(2026, 11, 1, 5, 0, 7)


def test_steps_notes_and_troubles_are_shown_and_kept(tmp_path):
    said = []
    with open_journal(tmp_path / "logs", "retrain", 7, said.append, NOW) as journal:
        with journal.step("read"):
            journal.outcome = "12 orders"
        with pytest.raises(ZeroDivisionError), journal.step("fit demand"):
            1 / 0  # noqa: B018
        journal.note("a note")
        try:
            raise KeyError("trace")
        except KeyError as error:
            journal.trouble("demand failed.", error)
    assert [line.split()[0] for line in said] == ["·", "!", "a", "!"]
    assert re.fullmatch(r"  · read +\d+\.\d s  12 orders", said[0])
    assert "ZeroDivisionError: division by zero" in said[1]
    assert [(step.name, step.outcome, step.failed) for step in journal.steps][0] == ("read", "12 orders", False)
    assert journal.steps[1].failed
    assert journal.steps[0].peak_megabytes > 10
    assert journal.path == tmp_path / "logs" / "retrain-20261101T050007Z-7.log"
    log = journal.path.read_text()
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO    read: started\n", log)
    assert "KeyError: 'trace'" in log
    assert "Traceback" not in "".join(said)


def test_two_runs_do_not_share_a_log(tmp_path):
    with (
        open_journal(tmp_path, "a", 1, lambda _line: None, NOW) as first,
        open_journal(tmp_path, "a", 2, lambda _line: None, NOW) as second,
    ):
        first.note("one")
        second.note("two")
    assert "two" not in first.path.read_text()
    assert "one" not in second.path.read_text()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(JournalError, match=r"The log file .* cannot be written"), open_journal(tmp_path / "logs", "a", 1, print, NOW):
        pass
