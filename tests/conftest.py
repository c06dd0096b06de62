"""What several rooms share: a small demo company, and the same company trained once per test run."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import hypothesis
import pytest

from ml.settings import Settings, load_settings
from tests.homes import copy_home

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
for _name in [name for name in os.environ if name.startswith("INSIGHTS_")]:
    del os.environ[_name]

# No clock judges a property, and every run tries the same examples; `--hypothesis-profile default` looks for new ones.
SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=SLOW)
hypothesis.settings.load_profile("steady")

END = date(2026, 10, 28)
SECRET_KEY = "a-key-for-tests-0123456789-0123456789-abcdef"
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def settings_for(home: Path, **values) -> Settings:
    """Settings of a test company under `home`, independent of the environment and of today."""
    return load_settings(env_file=None, home=home, secret_key=SECRET_KEY, as_of=values.pop("as_of", END), **values)


LONGEST_FIRST = (
    "pages/test_companies.py",
    "web/test_looks.py",
    "web/test_journey.py",
    "integration/",
    "web/",
    "pages/",
    "unit/predictors/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long begin first, so that no worker is left alone with one at the end (the Makefile keeps this order)."""

    def place(item: pytest.Item) -> int:
        path = item.path.as_posix()
        return next((rank for rank, part in enumerate(LONGEST_FIRST) if f"/tests/{part}" in path), len(LONGEST_FIRST))

    items.sort(key=place)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """One folder for all workers of this run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


def once(folder: Path, name: str, make) -> Path:
    """`folder/name`, made by exactly one worker: the others wait for it."""
    target = folder / name
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            unfinished = folder / f"{name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(target)
    return target


@pytest.fixture(scope="session")
def tiny_home(shared_folder) -> Path:
    """INSIGHTS_HOME of the 60-customer demo company, 400 days, untrained. Read only: copy before writing."""
    from ml.source.demo import make_demo

    def make(home: Path) -> None:
        (home / "data").mkdir()
        make_demo(home / "data" / "demo.db", "tiny", END)

    return once(shared_folder, "tiny-home", make)


@pytest.fixture(scope="session")
def tiny_reading(tiny_home):
    """What the pipeline reads of the 60-customer company."""
    from ml.source.reading import read_company

    return read_company(settings_for(tiny_home), END + timedelta(days=1))


@pytest.fixture(scope="session")
def trained_home(shared_folder, tiny_home) -> Path:
    """INSIGHTS_HOME of the 60-customer company after one retrain. Read only: copy before writing (`own_trained_home`)."""
    from tests.training import train

    def make(home: Path) -> None:
        copy_home(tiny_home / "data", home / "data")
        train(settings_for(home))

    return once(shared_folder, "trained-home", make)


@pytest.fixture(scope="session")
def small_home(shared_folder) -> Path:
    """INSIGHTS_HOME of the company of the client's size (128 customers, 4 orders a day) after one retrain. Read only."""
    from ml.source.demo import make_demo
    from tests.training import train

    def make(home: Path) -> None:
        (home / "data").mkdir()
        make_demo(home / "data" / "demo.db", "small", END)
        train(settings_for(home))

    return once(shared_folder, "small-home", make)


@pytest.fixture(scope="session")
def retail_home(shared_folder) -> Path:
    """INSIGHTS_HOME of the wholesaler behind ../shared/data after one retrain. Read only; skips where that data is absent."""
    from tests import retail
    from tests.training import train

    if not retail.LINES.exists():
        pytest.skip("needs ../shared/data/online_retail_lines.parquet")

    def make(home: Path) -> None:
        retail.write_mapping(home)
        train(retail.settings(home))

    return once(shared_folder, "retail-home", make)


@pytest.fixture
def own_trained_home(trained_home, tmp_path) -> Iterator[Path]:
    """A private copy of the trained company that a test may write to."""
    home = tmp_path / "home"
    yield copy_home(trained_home, home)
