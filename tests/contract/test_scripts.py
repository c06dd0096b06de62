"""What is started by hand (benches, soaks, pictures) still finds what it stands on."""

import importlib
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(
    path for room in ("bench", "web", "pages") for path in (TESTS / room).glob("*.py") if not path.name.startswith(("test_", "conftest"))
)


def test_there_are_scripts():
    assert {"soak_ledger.py", "bench_app.py", "guide_pictures.py"} <= {path.name for path in SCRIPTS}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(TESTS)))
def test_it_is_imported(path):
    importlib.import_module(".".join(("tests", *path.relative_to(TESTS).with_suffix("").parts)).removesuffix(".__init__"))
