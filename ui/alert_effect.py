"""The sentence on Churn and Overview: what the alerts earned, against the customers left alone by lot."""

from ml.queries import alert_effect, holdout
from ml.queries.alert_effect import Effect
from ui.format import md
from ui.screen import Screen


def sentence(screen: Screen) -> str | None:
    """Pesos and orders earned per alert, this quarter and ever, with their ranges; what is missing as long as that cannot be told.

    None where nobody is left alone by lot: the Churn screen says there why."""
    if screen.reading is None:
        return None
    found = screen.read(alert_effect.effects, screen.reading.as_of)
    ever, quarter = found["ever"], found["quarter"]
    t, f = screen.t, screen.f
    if not ever.held_out:
        return _waiting(screen)
    if ever.money is None:
        return t(
            "What the alerts earn cannot be told yet: {n} alerted customers and {m} left alone by lot so far, {needed} of each are needed.",
            n=md(f.number(ever.alerted)),
            m=md(f.number(ever.held_out)),
            needed=f.number(alert_effect.FEWEST),
        )
    whole = t("Each alert earned {said} so far", said=_said(screen, ever))
    now = t("this quarter {said}", said=_said(screen, quarter)) if quarter.money is not None else t("this quarter not known yet")
    return f"{whole}; {now}."


def _waiting(screen: Screen) -> str | None:
    """What is missing while the days of the first alerts run: how many are followed, and how many are needed."""
    t, f = screen.t, screen.f
    now = screen.read(holdout.status, screen.reading.as_of) if screen.reading else None
    if now is None or not now.drawn:
        return None
    return t(
        "What the alerts earn is being measured until {day}. Left alone by lot: {m}. "
        "Counted so far: {n} with an alert and {k} left alone; {needed} of each are needed, and their days must be over.",
        m=md(f.number(now.held_out)), day=md(f.day(now.until)), n=md(f.number(now.eligible_contact)),
        k=md(f.number(now.eligible_held_out)), needed=f.number(alert_effect.FEWEST),
    )  # fmt: skip


def _said(screen: Screen, one: Effect) -> str:
    f, money, orders = screen.f, one.money, one.orders
    if money is None:
        return "–"
    return md(
        screen.t(
            "{money} ({range}) and {orders} orders",
            money=f.money(money.effect),
            range=f.span(money.ci_low, money.ci_high, money=True),
            orders=f.number(orders.effect if orders else 0.0, 2),
        )
    )
