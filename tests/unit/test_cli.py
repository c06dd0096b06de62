"""The command line: what it prints, its exit codes, and that it never shows a trace or a secret."""

import json
import os
import re
import stat
import subprocess
import sys

import pytest
import sqlalchemy as sa

from ml import jobs
from ml.__main__ import main, parser
from ml.settings import CHECKOUT, SettingsError, ensure_secret_key, load_settings
from ml.store import runs, schema, verdicts
from ml.store.engine import begin_write, open_store
from ml.store.pointers import point_to, pointer_history
from ml.store.releases import Content, pack, write_release
from tests.conftest import SECRET_KEY
from tests.fakes import AS_OF
from tests.unit.jobs.conftest import MORNING


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("INSIGHTS_HOME", str(tmp_path))
    monkeypatch.setenv("INSIGHTS_SECRET_KEY", SECRET_KEY)
    return tmp_path


@pytest.fixture
def ask(home, capsys):
    """Run a command: exit code, what it said, what stands on stderr."""

    def run(*arguments):
        lines: list[str] = []
        code = main(arguments, say=lines.append, env_file=None)
        return code, "\n".join(lines), capsys.readouterr().err

    return run


@pytest.fixture
def two_releases(home):
    """A store in which `demand` was served by two releases, the second one now."""
    store, ids = open_store(load_settings(env_file=None)), []
    for number in range(2):
        files = {"demand": pack(f"release {number}")}
        made = write_release(home / "models", Content(files), key=SECRET_KEY, now=MORNING, as_of=AS_OF, fingerprint="f")
        with begin_write(store) as connection:
            point_to(connection, "demand", made, at=MORNING, by="system", reason={"code": "first_release", "params": {}})
        ids.append(made)
    return ids


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    for command in (
        "prepare",
        "check",
        "demo",
        "refresh",
        "retrain",
        "jobs",
        "records",
        "releases",
        "backup",
        "restore",
        "customers",
        "users",
        "tokens",
        "up",
    ):
        assert re.search(rf"^    {command}\s", shown, re.MULTILINE)


@pytest.mark.parametrize("arguments", [[], ["cook"], ["users"], ["jobs", "run"], ["retrain", "--origin", "moon"]])
def test_bad_arguments_end_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_bad_setting_is_one_sentence_and_2(ask, monkeypatch):
    monkeypatch.setenv("INSIGHTS_PORT", "eighty")
    code, said, error = ask("jobs", "list")
    assert (code, said) == (2, "")
    assert error == "INSIGHTS_PORT is 'eighty'; accepted is: a whole number from 1024 to 65535; default 8501.\n"


def test_a_bad_setting_of_a_fresh_process_shows_no_trace_and_no_secret(home):
    environment = {**os.environ, "INSIGHTS_SOURCE": "mysql://u:canary@h/d"}
    done = subprocess.run([sys.executable, "-m", "ml", "check"], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("INSIGHTS_SOURCE is a value that is not shown")
    assert "canary" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["refresh"], "There is no release in service yet"),
        (["jobs", "run", "cook"], "there is no job 'cook'"),
        (["demo", "--size", "enormous"], "enormous"),
        (["releases", "rollback", "demand"], "There is no release of demand in service"),
        (["users", "role", "nobody@example.com", "admin"], "nobody@example.com"),
        (["tokens", "revoke", "7"], "7"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_what_can_go_wrong_in_daily_life_is_one_sentence_and_1(ask, arguments, says):
    code, _, error = ask(*arguments)
    assert code == 1
    assert says in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_a_source_that_is_not_there_is_one_sentence(ask, monkeypatch, home):
    monkeypatch.setenv("INSIGHTS_SOURCE", f"csv:{home / 'nowhere'}")
    code, _, error = ask("check")
    assert code == 1
    assert error.count("\n") == 1
    assert "nowhere" in error


def test_demo_makes_the_company_and_check_describes_it(ask, home):
    code, said, _ = ask("demo", "--size", "tiny")
    assert code == 0
    assert "3t_orders" in said
    code, said, _ = ask("check")
    assert code == 0
    assert "orders" in said
    assert (home / "data" / "demo.db").exists()


def test_people_are_added_changed_and_listed_and_a_generated_password_is_shown_once(ask, monkeypatch):
    code, said, _ = ask("users", "add", "Ana@example.com", "--role", "analyst", "--name", "Ana")
    assert code == 0
    password = said.rpartition(" ")[2]
    assert len(password) >= 10
    assert ask("users", "role", "ana@example.com", "admin")[1] == "ana@example.com is admin now."
    monkeypatch.setenv("INSIGHTS_NEW_PASSWORD", "canary-password-1")
    said = "\n".join(ask("users", *rest)[1] for rest in (["password", "ana@example.com"], ["list"], ["add", "leo@example.com"]))
    assert "canary" not in said
    assert password not in said
    assert ask("users", "disable", "leo@example.com")[0] == 0
    listed = ask("users", "list")[1]
    assert [line.split()[0] for line in listed.splitlines()] == ["e-mail", "ana@example.com", "leo@example.com"]
    assert listed.splitlines()[2].endswith("disabled")
    assert ask("users", "enable", "leo@example.com")[0] == 0


def test_tokens_are_made_listed_without_secret_and_revoked(ask):
    ask("users", "add", "ana@example.com")
    code, said, _ = ask("tokens", "add", "dashboard", "--user", "ana@example.com", "--days", "30")
    assert code == 0
    secret = said.rpartition(" ")[2]
    listed = ask("tokens", "list")[1]
    assert "dashboard" in listed
    assert secret not in listed and "experiments:write" not in listed
    assert ask("tokens", "revoke", "1")[1] == "Token 1 is revoked."


def test_releases_are_listed_verified_and_rolled_back(ask, home, two_releases):
    first, second = two_releases
    assert f"{second}  2026-08-11  demand  0.0 MB  demand" in ask("releases", "list")[1]
    assert ask("releases", "verify")[0] == 0
    code, said, _ = ask("releases", "rollback", "demand")
    assert code == 0
    assert f"demand is served by {first} again" in said
    assert json.loads((home / "models" / "current.json").read_text()) == {"demand": first}
    (home / "models" / "versions" / first / "demand.joblib").write_bytes(b"broken")
    code, said, _ = ask("releases", "verify")
    assert code == 1
    assert "has 6 bytes instead of" in said
    assert "(in service)" in said


def test_an_empty_store_has_neither_releases_nor_records(ask):
    assert ask("releases", "list")[1].startswith("There is no release yet")
    assert ask("releases", "verify") == (0, "", "")
    assert "Nothing could be judged" in ask("records")[1]


def test_jobs_are_listed_with_next_times_and_runs(ask, monkeypatch):
    said = ask("jobs", "list")[1]
    assert "America/Santiago" in said
    assert [line.split()[0] for line in said.splitlines()[1:3]] == ["retrain", "refresh"]
    ask("refresh")
    assert "failed" in ask("jobs", "list")[1]


def test_a_job_that_is_running_already_ends_with_3(ask, monkeypatch):
    monkeypatch.setattr(runs, "start_run", lambda *_args, **_options: runs.Started(5, "running", None))
    assert ask("retrain")[:2] == (3, "The job retrain is running already as run 5.")


def test_prepare_makes_key_models_and_first_admin_and_shows_the_password_once(home, monkeypatch, tmp_path):
    monkeypatch.delenv("INSIGHTS_SECRET_KEY")
    env_file, trained, lines = tmp_path / ".env", [], []

    def train(settings, store, name, **options):
        trained.append((name, options["origin"], settings.secret_key is not None))
        (settings.models_folder / "versions" / "r1").mkdir(parents=True)
        with begin_write(store) as connection:
            point_to(connection, "demand", "r1", at=MORNING, by="system", reason={"code": "first_release", "params": {}})

    monkeypatch.setattr("ml.jobs.running.run_job", train)
    assert main(["prepare"], say=lines.append, env_file=env_file) == 0
    assert trained == [("retrain", "setup", True)]
    text = "\n".join(lines)
    assert "http://127.0.0.1:8501" in text
    assert "admin@example.com" in text
    assert text.count("Password:") == 1
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    again: list[str] = []
    assert main(["prepare"], say=again.append, env_file=env_file) == 0
    assert len(trained) == 1
    assert "Password" not in "\n".join(again)


def test_the_secret_key_is_made_once_and_the_rest_of_the_file_stays(tmp_path):
    file = tmp_path / ".env"
    file.write_text("INSIGHTS_PORT=9000\nINSIGHTS_SECRET_KEY=\n")
    made = ensure_secret_key(load_settings(env_file=file), file)
    assert len(made.secret_key.get_secret_value()) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    read = load_settings(env_file=file)
    assert read.port == 9000
    assert read.secret_key == made.secret_key
    assert ensure_secret_key(read, file) is read
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_key_that_cannot_be_kept_is_one_sentence(tmp_path):
    with pytest.raises(SettingsError, match="INSIGHTS_SECRET_KEY is not set and .env cannot be written"):
        ensure_secret_key(load_settings(env_file=None), tmp_path / "nowhere" / ".env")


def test_every_command_and_job_is_documented():
    page = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")
    commands = next(action for action in parser()._actions if action.dest == "command" or action.choices).choices
    for name in commands:
        assert f"`{name}" in page
    for job in jobs.JOBS:
        assert f"| `{job.name}` |" in page


def test_a_release_is_promoted_with_a_reason_and_a_yes_answers_the_gate(ask, home, two_releases):
    first, second = two_releases
    engine = open_store(load_settings(env_file=None))
    with begin_write(engine) as connection:
        checks = [("leak_fit", "ask", {"r2": 0.99})]
        verdicts.write_verdict(connection, run_id=1, predictor="demand", release_id=first, at=MORNING, state="review", checks=checks)
    assert f"{first}  2026-08-11  demand  0.0 MB  –       demand" in ask("releases", "list")[1]
    code, said, _ = ask("releases", "promote", "demand", first, "--reason", "looked at it")
    assert (code, f"demand is served by {first}" in said) == (0, True)
    with engine.connect() as connection:
        assert verdicts.waiting(connection) == {}
        assert pointer_history(connection, "demand")[0]["reason"] == {
            "code": "approved",
            "params": {"from": second, "note": "looked at it"},
        }
    code, _, error = ask("releases", "promote", "demand", first)
    assert (code, "serves demand already" in error) == (1, True)
    assert ask("releases", "promote", "demand", second)[0] == 0


def test_releases_are_signed_anew_with_the_present_key(ask, home, two_releases, monkeypatch):
    monkeypatch.setenv("INSIGHTS_SECRET_KEY", "another-key-0123456789-0123456789-abcdef")
    assert "another INSIGHTS_SECRET_KEY" in ask("releases", "verify")[1]
    assert "INSIGHTS_OLD_SECRET_KEY is not set" in ask("releases", "resign")[2]
    (home / "models" / "versions" / two_releases[0] / "demand.joblib").write_bytes(b"broken")
    monkeypatch.setenv("INSIGHTS_OLD_SECRET_KEY", SECRET_KEY)
    code, said, _ = ask("releases", "resign")
    assert code == 1 and f"{two_releases[1]}  signed anew" in said and "has 6 bytes instead of" in said
    assert "bears the present signature already" in ask("releases", "resign")[1]
    assert f"{two_releases[1]}  whole" in ask("releases", "verify")[1]


def test_the_store_is_copied_and_brought_back(ask, home):
    assert "There is no copy" in ask("backup", "--list")[1]
    assert ask("backup")[0] == 0
    name = ask("backup", "--list")[1].splitlines()[1].split()[0]
    engine = open_store(load_settings(env_file=None))
    with begin_write(engine) as connection:
        connection.execute(sa.insert(schema.meta).values(key="later", value="x"))
    code, said, _ = ask("restore", name)
    assert code == 1 and "run this again with --yes" in said
    code, said, _ = ask("restore", name, "--yes")
    assert code == 0 and "Everybody signs in anew" in said
    with engine.connect() as connection:
        assert "later" not in connection.execute(sa.select(schema.meta.c.key)).scalars().all()
    assert "cannot be read" in ask("restore", "nothing.db")[2]


def test_a_person_is_erased_and_it_is_said_what_the_company_must_do(ask, home):
    engine = open_store(load_settings(env_file=None))
    with begin_write(engine) as connection:
        facts = {"contact_opt_out": False, "orders_total": 1, "orders_365": 1, "spend_total": 5.0, "spend_365": 5.0}
        connection.execute(sa.insert(schema.customer_facts).values(customer_id="C1", name="Ana", **facts))
    assert ask("customers", "erase", "C1")[0] == 1
    code, said, _ = ask("customers", "erase", "C1", "--yes")
    assert code == 0 and "customer_facts" in said and "company's own database" in said
    assert "There is no customer 'C1' here" in ask("customers", "erase", "C1", "--yes")[2]
