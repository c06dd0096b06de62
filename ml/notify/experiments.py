"""The message at the end of an experiment: verdict, effect with its range, pesos a month, and a link; once an experiment.

Ends are found in the timelines, not where they are made: whoever ends an experiment (a screen, a program, the refresh at its last day), the
next refresh tells it, and a screen tells it at once.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ml.experiments import reading
from ml.experiments.summary import Summary, summarise
from ml.i18n.figures import Formatter
from ml.notify.audience import app_link, letters, readers
from ml.notify.message_jobs import MessageJob, compose_in
from ml.notify.messages import Link, Message, Table, clean
from ml.settings import Settings
from ml.store import experiments as store
from ml.store import outbox
from ml.store.experiments import Kept

NAME = "experiment_ended"
TOLD_FOR = timedelta(days=7)  # an end that is older was somebody's news long ago
ENDED, PAUSED = "completed", "paused"
BY_ITSELF = "sample_ratio"  # the reason of a pause that nobody pressed


def tell_ends(connection: sa.Connection, settings: Settings, *, now: datetime) -> int:
    """Tell of every experiment that ended lately, or was held because its groups are not what was drawn, within the caller's transaction.

    Each is told once, whoever reads it; returns how many messages were written.
    """
    written = 0
    for kept in store.list_all(connection, (ENDED, PAUSED)):
        key = _news(connection, kept, now)
        if key is not None and not outbox.is_known(connection, key):
            written += _tell(connection, settings, kept, key, now)
    return written


def compose(connection: sa.Connection, settings: Settings, f: Formatter) -> Message | None:
    """What would be said if the newest experiment that began ended now; None without one."""
    begun = [kept for kept in store.list_all(connection) if kept.state != "draft"]
    return message_about(connection, settings, f, begun[0]) if begun else None


PREVIEW = MessageJob(NAME, compose)


def message_about(connection: sa.Connection, settings: Settings, f: Formatter, kept: Kept) -> Message:
    """The message about one experiment in the formatter's language."""
    told = reading.evaluate(connection, kept)
    said = summarise(kept, told, language=f.t.language, currency=settings.currency)
    named = clean(said.title)
    title = f.t("Test held: {name}", name=named) if kept.state == PAUSED else f.t("Test ended: {name}", name=named)
    sentences = tuple(clean(sentence) for sentence in said.sentences)
    return Message(
        kind=NAME,
        language=f.t.language,
        title=title,
        sentences=sentences,
        short=(title, *_shortly(said)),
        link=Link(f.t("Open the test"), app_link(settings, f"experiments?test={kept.experiment_id}")),
        table=_arms(f, told),
        facts=_facts(kept, told),
    )


def _news(connection: sa.Connection, kept: Kept, now: datetime) -> str | None:
    """The key of an end (or of a pause that nobody pressed) within TOLD_FOR, None where there is none."""
    events = reversed(store.events_of(connection, kept.experiment_id))
    last = next((one for one in events if one["action"] == f"experiment.{kept.state}"), None)
    if last is None or now - last["at"] > TOLD_FOR:
        return None
    if kept.state == ENDED:
        return f"{NAME}:{kept.experiment_id}"
    held = (last["detail"] or {}).get("reason") == BY_ITSELF
    return f"experiment_held:{kept.experiment_id}:{last['at']:%Y%m%dT%H%M%S}" if held else None


def _tell(connection: sa.Connection, settings: Settings, kept: Kept, key: str, now: datetime) -> int:
    job = MessageJob(NAME, lambda conn, values, f: message_about(conn, values, f, kept))

    def make(language: str) -> Message:
        message = compose_in(connection, settings, job, language)
        assert message is not None
        return message

    return outbox.enqueue(connection, letters(readers(connection, settings, NAME), make, key=key), now=now)


def _shortly(said: Summary) -> list[str]:
    return [clean(one) for one in (said.verdict, said.effect, said.monthly, said.note) if one]


def _arms(f: Formatter, told: dict[str, Any]) -> Table | None:
    """Both groups side by side; None where the numbers may not be read."""
    if not (told["readable"] and told["looks"]):
        return None
    t, control, treatment = f.t, told["control"], told["treatment"]
    rows = (
        (t("Customers"), "customers", f.number), (t("Sales"), "total_revenue", f.money),
        (t("Sales per customer"), "avg_revenue_per_customer", f.money), (t("Orders"), "total_orders", f.number),
    )  # fmt: skip
    cells = tuple((name, write(control[key]), write(treatment[key])) for name, key, write in rows)
    return Table(("", t("As before"), t("New")), cells, ("left", "right", "right"))


def _facts(kept: Kept, told: dict[str, Any]) -> dict[str, Any]:
    decision = told["decision"]
    look = told["looks"][-1]["result"] if told["readable"] and told["looks"] else None
    effect = {"effect": look["effect"], **{name: look["repeated"][name] for name in ("low", "high")}} if look else None
    return {
        "experiment_id": kept.experiment_id, "type": kept.type, "state": kept.state, "primary": kept.plan["primary"],
        "verdict": decision["verdict"], "reason": decision["reason"], "effect_per_unit": effect, "monthly": decision["monthly"],
        "days": told["days"], "days_total": told["days_total"],
    }  # fmt: skip
