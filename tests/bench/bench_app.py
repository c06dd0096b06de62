"""What a visitor waits for, and what the server spends on it, beside Streamlit's default configuration on the same machine in the same run.

    python -m tests.bench app

5,000 customers in a store filled by hand. The default differs in three points: garbage collection after every run, no freeze after
warm-up, static files sent as they are. Everything is on 127.0.0.1; the visitors share the machine's cores with the server.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from pathlib import Path

import numpy as np
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.bench.visitors import NAMES, Tally, cpu_seconds, crowd, filled_home, memory_mb, visit
from tests.web.screenshots import ARGUMENTS, CHROMIUM
from tests.web.served import Served, serve
from ui.web.cookies import SESSION

CUSTOMERS = 5_000
SWITCHES, WARMING = 100, 30
CROWDS = (20, 50)
CROWD_SWITCHES, PAUSE_SECONDS = 8, 3.0
RUNS = 1_000
OPENINGS = 3
PATIENCE_MS = 60_000
DRAWN = """() => ['h1', '[data-testid=stMetricValue]', '[data-testid=stApp][data-test-script-state=notRunning]']
    .every(part => document.querySelector(part)) && !document.querySelector('[data-testid=stSkeleton]')"""
FILTERED = (  # a screen, two choices of a filter that are pressed in turn, and the part that must change
    ("demand", ("7 días", "30 días"), "[data-testid=stPlotlyChart] .main-svg"),
    ("churn", ("Recuperar", "En riesgo"), "[data-testid=stMetricLabel]"),
    ("segments", ("Leales", "En riesgo"), "[class*=st-key-members-]"),
)
CHANGES = 12
REDRAWN = """([label, part]) => new Promise((done, failed) => {
  const look = () => document.querySelector(part)?.outerHTML ?? '';
  const choices = [...document.querySelectorAll('[data-testid=stButtonGroup] button')];
  const before = look(), choice = choices.find(one => one.innerText.trim().startsWith(label)), began = performance.now();
  if (!choice) { failed(new Error(`no choice ${label} among ${choices.map(one => one.innerText)}`)); return; }
  choice.click();
  const wait = () => {
    const took = performance.now() - began;
    if (look() && look() !== before) done(took);
    else if (took > 20000) failed(new Error(`${label} changed nothing in ${part}`));
    else setTimeout(wait, 4);
  };
  wait();
})"""
HEADER = ["| what | ours | default | ours / default | limit |", "|---|---|---|---|---|"]
LIMITS = {
    "start to ready, s": "6",
    "first screen cold, s": "2.0",
    "first screen warm, s": "1.0",
    "first screen over the wire, MB": "2.5",
    "page switch p50, ms": "250",
    "page switch p95, ms": "500",
    "server CPU a run, ms": "30",
    "filter to redraw p95, ms": "300",
    "20 sessions, switch p95, ms": "200",
    "50 sessions, errors": "0",
    "growth in 1,000 runs, MB": "100 in an hour",
}
Figures = dict[str, float]


@dataclass
class Opening:
    """One opening of the first screen: until it is drawn, and what came over the wire (websocket included)."""

    seconds: float
    megabytes: float


def report() -> list[str]:
    """One row per figure: ours, the default configuration's, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        filled_home(home, CUSTOMERS)
        ours, sizes = _measured(lambda: serve(home), long=True)
        default, _ = _measured(lambda: serve(home, app="tests.bench.plain_app:make"))
    lines = [*HEADER, *(_row(what, ours[what], default[what]) for what in ours)]
    return [*lines, "", "| screen | message, kB |", "|---|---|", *(f"| {name} | {size / 1000:.0f} |" for name, size in sizes.items())]


def _measured(start: Callable[[], Served], *, long: bool = False) -> tuple[Figures, dict[str, int]]:
    """All figures of one configuration (`long`: the memory of many runs too), and the bytes that each screen's run sends."""
    app = start()
    try:
        found: Figures = {"start to ready, s": app.ready_seconds}
        found |= _openings(app)
        found |= filters(app)
        token, pid = app.session_of("admin"), app.process.pid
        visit(app, token, switches=WARMING)
        before = cpu_seconds(pid)
        alone = visit(app, token, switches=SWITCHES)
        found["page switch p50, ms"] = alone.milliseconds(0.5)
        found["page switch p95, ms"] = alone.milliseconds(0.95)
        found["server CPU a run, ms"] = (cpu_seconds(pid) - before) * 1000 / (SWITCHES + 1)
        for visitors in CROWDS:
            many = crowd(app, visitors, switches=CROWD_SWITCHES, pause=PAUSE_SECONDS)
            found[f"{visitors} sessions, switch p95, ms"] = many.milliseconds(0.95)
            found[f"{visitors} sessions, errors"] = len(many.errors)
        found["memory after the crowds, MB"] = before = memory_mb(pid)
        last = visit(app, token, switches=RUNS) if long else Tally()
        found["growth in 1,000 runs, MB"] = memory_mb(pid) - before if long else float("nan")
        found["errors of one session"] = len(alone.errors) + len(last.errors)
    finally:
        app.stop()
        app.store.dispose()
    return found, _by_screen(alone)


def _by_screen(tally: Tally) -> dict[str, int]:
    """The bytes of each screen's run; the visitor went through the screens in their order, beginning after the first."""
    return {NAMES[(place + 1) % len(NAMES)]: size for place, size in enumerate(tally.sizes[: len(NAMES)])}


def _openings(app: Served) -> Figures:
    """The first screen in Chromium with an empty cache, and again with a full one: the median of OPENINGS each."""
    cold, warm = [], []
    with sync_playwright() as play:
        for _ in range(OPENINGS):
            with tempfile.TemporaryDirectory() as profile:
                context = play.chromium.launch_persistent_context(profile, executable_path=CHROMIUM, args=ARGUMENTS, locale="es-CL")
                context.add_cookies([{"name": SESSION, "value": app.session_of("admin"), "url": app.url}])
                cold.append(_opened(context, app.url))
                warm.append(_opened(context, app.url))
                context.close()
    return {
        "first screen cold, s": _median([one.seconds for one in cold]),
        "first screen warm, s": _median([one.seconds for one in warm]),
        "first screen over the wire, MB": _median([one.megabytes for one in cold]),
    }


def filters(app: Served) -> Figures:
    """From the press of a filter until figure, headline or table has changed, in Chromium: each screen of FILTERED, first times too."""
    took: list[float] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(locale="es-CL", viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": SESSION, "value": app.session_of("admin"), "url": app.url}])
        page = context.new_page()
        for name, choices, part in FILTERED:
            page.goto(f"{app.url}/{name}")
            page.wait_for_function(DRAWN, timeout=PATIENCE_MS)
            page.wait_for_load_state("networkidle")
            for number in range(CHANGES):
                took.append(page.evaluate(REDRAWN, [choices[number % 2], part]))
                page.wait_for_function(DRAWN, timeout=PATIENCE_MS)
        browser.close()
    return {"filter to redraw p50, ms": float(np.quantile(took, 0.5)), "filter to redraw p95, ms": float(np.quantile(took, 0.95))}


def _opened(context: BrowserContext, url: str) -> Opening:
    page = context.new_page()
    received = _counting(page)
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(DRAWN, timeout=PATIENCE_MS)
    seconds = time.perf_counter() - began
    page.wait_for_load_state("networkidle")
    opening = Opening(seconds, sum(received) / 1e6)
    page.close()
    return opening


def _counting(page: Page) -> list[float]:
    """Grows by the bytes of each answer and websocket frame as they come over the wire."""
    received: list[float] = []
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    wire.on("Network.webSocketFrameReceived", lambda event: received.append(len(event["response"]["payloadData"]) * 3 / 4))
    return received


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _row(what: str, ours: float, default: float) -> str:
    digits = 0 if what.endswith(("ms", "errors", "runs, MB", "crowds, MB")) or "errors" in what else 2
    ratio = f"{ours / default:.2f}" if default > 0 and "error" not in what else "–"
    beside = "–" if isnan(default) else f"{default:.{digits}f}"
    return f"| {what} | {ours:.{digits}f} | {beside} | {ratio} | {LIMITS.get(what, '')} |"
