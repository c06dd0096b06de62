"""Reports and logs are read from their two folders only, whatever is asked for."""

import os

import pytest

from ml.reports import files
from ml.reports.files import FileRefused, log_tail, read_report, reports


@pytest.fixture
def home(tmp_path):
    for name in ("reports", "logs", "data"):
        (tmp_path / name).mkdir()
    (tmp_path / "data" / "secret.md").write_text("secret")
    (tmp_path / ".env").write_text("INSIGHTS_SECRET_KEY=secret")
    return tmp_path


def test_reports_are_listed_newest_first_without_what_is_none(home):
    for place, name in enumerate(("retrain-a.md", "retrain-b.md", "notes.txt", "x y.md")):
        (home / "reports" / name).write_text(name)
        os.utime(home / "reports" / name, (1_000 + place, 1_000 + place))
    (home / "reports" / "folder.md").mkdir()
    (home / "reports" / "link.md").symlink_to(home / "data" / "secret.md")
    assert [report.name for report in reports(home)] == ["retrain-b.md", "retrain-a.md"]
    assert reports(home)[0].bytes == 12 and reports(home)[0].written_at.year == 1970
    assert reports(home / "nowhere") == []
    assert read_report(home, "retrain-a.md") == "retrain-a.md"


@pytest.mark.parametrize(
    "name",
    ["../data/secret.md", "/etc/passwd", "..", "", "link.md", "absent.md", "a\x00.md", "../.env", "x" * 300 + ".md", "retrain-a.md/."],
)
def test_nothing_else_is_read_as_a_report(home, name):
    (home / "reports" / "link.md").symlink_to(home / "data" / "secret.md")
    with pytest.raises(FileRefused, match="no report"):
        read_report(home, name)


def test_the_end_of_a_log_without_passwords(home, monkeypatch):
    log = home / "logs" / "refresh-1.log"
    log.write_bytes(b"first\nread postgresql://reader:hunter2@db/app failed\n\xff last\n")
    assert log_tail(home, str(log)) == "first\nread postgresql://reader:…@db/app failed\n\ufffd last\n"
    monkeypatch.setattr(files, "TAIL_BYTES", 12)
    assert log_tail(home, str(log)) == "\ufffd last\n"


def test_no_log_outside_the_folder(home, tmp_path):
    (home / "logs" / "link.log").symlink_to(home / ".env")
    outside = [str(home / ".env"), "/etc/passwd", str(home / "logs" / ".." / ".env"), str(home / "logs" / "link.log"), "relative.log"]
    for path in [*outside, str(home / "logs"), str(home / "logs" / "absent.log"), "a\x00b", "", None]:
        with pytest.raises(FileRefused):
            log_tail(home, path)
