"""Whatever the program writes into the audit has words, so that the activity list is read by people."""

import re
from pathlib import Path

from ml.store import alerts, experiments
from ui import deeds

ROOT = Path(__file__).resolve().parents[3]
ACTION = re.compile(r'(?:audit\.record|was_recorded|_answer|[a-z]*\.?note|_look)\([^")]*?"([a-z]+\.[a-z_]+)"')
ELSEWHERE = re.compile(r'^[A-Z_]+ = "([a-z]+\.[a-z_]+)"  # the audit', re.MULTILINE)


def written() -> set[str]:
    """Every action that the source names, and those it puts together."""
    sources = [path.read_text(encoding="utf-8") for folder in ("ml", "ui") for path in (ROOT / folder).rglob("*.py")]
    found = {action for source in sources for pattern in (ACTION, ELSEWHERE) for action in pattern.findall(source)}
    return (
        found
        | {f"alert.{name}" for name in (*alerts.ACTIONS, "opened")}
        | {f"experiment.{state}" for state in experiments.MOVES if state != "draft"}
    )


def test_every_action_of_the_audit_has_words():
    actions = written()
    assert len(actions) > 40 and {"session.open", "model.worse", "message.nobody", "alert.contacted", "release.believe"} <= actions
    assert sorted(actions - set(deeds.DEEDS)) == []
