"""Lower never imports higher, and importing the flows loads no heavy library."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS: tuple[tuple[str, ...], ...] = (
    ("ml.settings", "ml.message_settings", "ml.clock", "ml.calendar", "ml.durable", "ml.i18n"),
    ("ml.source",),
    ("ml.store",),
    ("ml.forecasting", "ml.customers", "ml.pricing", "ml.routing", "ml.recommending"),
    ("ml.evaluation", "ml.predictors", "ml.experiments"),
    ("ml.pipeline", "ml.keeping", "ml.gathering", "ml.queries", "ml.notify", "ml.reports"),
    ("ml.jobs",),
    ("ui",),
    ("pages",),
    ("app", "scheduler", "ml.__main__", "ml.launch", "ml.commands"),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
ALGORITHMS = LAYERS[3]
HEAVY = ("prophet", "xgboost", "sklearn", "cmdstanpy", "matplotlib", "pyvrp")
FILES = sorted(
    path
    for pattern in ("ml/**/*.py", "ui/**/*.py", "pages/*.py", "app.py", "scheduler.py")
    for path in ROOT.glob(pattern)
    if "migrations" not in path.parts
)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str | None:
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if (name := ".".join(parts[:length])) in RANK:
            return name
    return None


def imports_of(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package.split(".")[: len(package.split(".")) - node.level + 1], *([base] if base else [])])
            found += [(node.lineno, f"{base}.{alias.name}") for alias in node.names]
    return found


def test_the_tree_has_files_of_every_built_layer():
    assert {room_of(module_of(path)) for path in FILES} >= {"ml.settings", "ml.source", "ml.store", "ml.predictors", "ui", "pages", "app"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_lower_never_imports_higher(path: Path):
    mine = room_of(module_of(path))
    if module_of(path) == "ml":
        return
    assert mine is not None, f"{path.name} stands in no layer"
    for line, imported in imports_of(path):
        theirs = room_of(imported)
        if theirs is None:
            assert not imported.startswith(("ml.", "ui.", "pages.")) or imported in ("ml", "ui"), f"line {line}: {imported}"
            continue
        assert RANK[theirs] <= RANK[mine], f"line {line}: {mine} imports {imported}, which is higher"
        if mine in ALGORITHMS and theirs in ALGORITHMS:
            assert mine == theirs, f"line {line}: the algorithm {mine} imports {theirs}"
        if mine in ALGORITHMS:
            assert theirs not in ("ml.settings", "ml.store", "ml.source"), f"line {line}: the algorithm {mine} knows {theirs}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_streamlit_only_in_screens_and_predictors_stay_apart(path: Path):
    mine = module_of(path)
    for line, imported in imports_of(path):
        if imported.split(".")[0] == "streamlit":
            assert mine.startswith(("ui", "pages", "app")), f"line {line}: streamlit in {mine}"
        if mine.startswith("ml.predictors.") and imported.startswith("ml.predictors."):
            other = imported.split(".")[2]
            assert other in ("base", mine.split(".")[2]), f"line {line}: a predictor imports {imported}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_shadows_the_standard_library(path: Path):
    if path.relative_to(ROOT).parts[0] in ("ui", "pages"):
        assert path.stem in ("__init__", "main") or path.stem not in sys.stdlib_module_names
        assert path.parent.name not in sys.stdlib_module_names


def test_importing_the_flows_loads_no_heavy_library():
    code = f"import sys, ml.pipeline, ml.queries, ml.jobs; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
