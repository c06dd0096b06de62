"""The report of an experiment in Markdown and HTML, Spanish or English: verdict first, then effect, health, what was planned, timeline."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

from ml import clock
from ml.experiments import figures, words
from ml.experiments.designs import look_days, plan_from
from ml.i18n import translator
from ml.i18n.figures import Formatter
from ml.store.experiments import Kept

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#14212E}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}"
    "td,th{border-bottom:1px solid #DCE3EB;padding:.35rem .5rem;text-align:left}"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}.verdict{font-size:1.15rem;font-weight:600}"
)


def write_report(
    folder: Path,
    kept: Kept,
    told: Mapping[str, Any],
    timeline: Sequence[Mapping[str, Any]],
    *,
    timezone: str,
    language: str = "es",
    currency: str = "CLP",
) -> Path:
    """Write <id>-<language>.md and .html into `folder`; returns the Markdown file."""
    markdown, html = report_texts(kept, told, timeline, timezone=timezone, language=language, currency=currency)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{kept.experiment_id}-{language}.md"
    target.write_text(markdown, encoding="utf-8")
    target.with_suffix(".html").write_text(html, encoding="utf-8")
    return target


def report_texts(
    kept: Kept,
    told: Mapping[str, Any],
    timeline: Sequence[Mapping[str, Any]],
    *,
    timezone: str,
    language: str = "es",
    currency: str = "CLP",
) -> tuple[str, str]:
    """The report as Markdown, and as one HTML page with its figures inside; days of the timeline are those of `timezone`."""
    t = translator(language)
    f = Formatter(t, currency)
    head = f"# {words.title(t, kept.name, kept.type)} · {kept.experiment_id}"
    blocks = [head, _verdict(f, kept, told), *_results(f, kept, told), *_health(f, told), *_planned(f, kept)]
    blocks += _timeline(f, timeline, timezone)
    return "\n\n".join(blocks) + "\n", _html(blocks, _figures(f, kept, told), language, kept.experiment_id)


def _verdict(f: Formatter, kept: Kept, told: Mapping[str, Any]) -> str:
    t = f.t
    days = t(
        "Day {day} of {days}, {start} to {end}; read from {source}.",
        day=f.number(told["days"]), days=f.number(told["days_total"]), start=f.day(kept.start), end=f.day(kept.end),
        source=t("the orders") if told["source"] == "orders" else t("posted outcomes"),
    )  # fmt: skip
    simulated = t(words.SIMULATED) if words.is_simulated(kept.plan) else None
    lines = [f"**{words.verdict(f, told)}**", simulated, words.reason(f, told), words.harm(f, told), words.change(f, told), days]
    if told["decided"]:
        lines.append(
            t(
                "Decided: {choice}, by {who}.",
                choice=t(words.CHOICES.get(told["decided"].get("choice", ""), "go on")),
                who=told["decided"]["who"],
            )
        )
    return "\n\n".join(line for line in lines if line)


def _results(f: Formatter, kept: Kept, told: Mapping[str, Any]) -> list[str]:
    t = f.t
    arms = _table(
        ["", t(words.ARMS[0]), t(words.ARMS[1])],
        [
            [name, write(told["control"][key]), write(told["treatment"][key])]
            for name, key, write in (
                (t("Customers"), "customers", f.number), (t("Sales"), "total_revenue", f.money),
                (t("Sales per customer"), "avg_revenue_per_customer", f.money), (t("Orders"), "total_orders", f.number),
                (t("Without an order"), "churned_customers", f.number),
            )
        ],
    )  # fmt: skip
    parts = [f"## {t('What came')}", arms]
    if told["readable"] and told["looks"]:
        rows = [
            [words.metric(t, name), words.amount(f, name, one["effect"]), words.interval(f, name, one["ci_low"], one["ci_high"]),
             words.relative(f, one), _p(f, one)]
            for name, one in told["tests"].items()
        ]  # fmt: skip
        heads = [t("Metric"), t("Effect per customer"), t("Range"), t("Relative"), t("Probability by chance (p)")]
        parts += [f"## {t('Effect')}", _table(heads, rows), _at_looks(f, kept, told)]
    rule = told["old_rule"]
    uplift = "–" if rule["uplift_pct"] is None else f.number(rule["uplift_pct"], 1)
    parts.append(
        t(
            "Old rule of the earlier system, which knows no uncertainty: {uplift} %, {recommendation}.",
            uplift=uplift,
            recommendation=t(words.RULES[rule["recommendation"]]),
        )
    )
    return parts


def _at_looks(f: Formatter, kept: Kept, told: Mapping[str, Any]) -> str:
    t, primary = f.t, kept.plan["primary"]
    rows = []
    for look in told["looks"]:
        result = look["result"]
        adjusted = result.get("adjusted")
        rows.append(
            [
                f.number(look["number"]), f.day(date.fromisoformat(look["as_of"])), words.amount(f, primary, result["effect"]),
                words.interval(f, primary, result["repeated"]["low"], result["repeated"]["high"]),
                t("passed") if result["crossed"] else t("not passed"),
                words.amount(f, primary, adjusted["effect"]) if adjusted else "–",
            ]
        )  # fmt: skip
    heads = [t("Look"), t("Day"), t("Effect"), t("Range that holds at every look"), t("Boundary"), t("Corrected for stopping early")]
    return _table(heads, rows)


def _health(f: Formatter, told: Mapping[str, Any]) -> list[str]:
    t = f.t
    rows = [[t(words.LIGHTS[name]), t(words.SIGNS[one["light"]]), words.light(f, name, one) or "–"] for name, one in told["health"].items()]
    guards = [
        [words.metric(t, one["metric"]),
         {"holds": t("holds"), "harmed": t("harmed"), "open": t("not clear yet")}[one["state"] if _is_told(told, one) else "open"],
         words.interval(f, one["metric"], one["ci_low"], one["ci_high"]) if _is_told(told, one) else "–"]
        for one in told["guardrails"]
    ]  # fmt: skip
    parts = [f"## {t('May the numbers be read?')}", _table([t("Check"), t("State"), t("In figures")], rows)]
    if guards:
        parts += [f"## {t('What must not suffer')}", _table([t("Metric"), t("State"), t("Range")], guards)]
    return parts


def _is_told(told: Mapping[str, Any], guard: Mapping[str, Any]) -> bool:
    """Between planned looks only harm is told of what must not suffer."""
    return bool(told["is_look"]) or guard["state"] == "harmed"


def _planned(f: Formatter, kept: Kept) -> list[str]:
    t, plan = f.t, plan_from(kept.plan)
    lines = [
        t("Hypothesis: {text}", text=t(plan.hypothesis)),
        t("Primary metric: {metric}; smallest effect worth finding: {share}; error allowed: {alpha}.", metric=words.metric(t, plan.primary),
          share=f.percent(plan.smallest_effect), alpha=f.percent(plan.alpha)),
        t("Planned looks: {days}.", days=", ".join(f.day(day) for day in look_days(kept.start, kept.end, plan.looks))),
    ]  # fmt: skip
    if plan.planner:
        lines.append(words.planner(f, plan.planner))
    return [f"## {t('Fixed before the start')}", "\n".join(f"- {line}" for line in lines)]


def _timeline(f: Formatter, timeline: Sequence[Mapping[str, Any]], timezone: str) -> list[str]:
    rows = [[f.day(clock.local(one["at"], timezone)), one["who"], words.event(f, one)] for one in timeline]
    return [f"## {f.t('Timeline')}", _table([f.t("Day"), f.t("Who"), f.t("What")], rows)] if rows else []


def _figures(f: Formatter, kept: Kept, told: Mapping[str, Any]) -> str:
    t = f.t
    if not (told["readable"] and told["looks"]):
        return ""
    bars = [
        figures.Bar(words.metric(t, name), one["rel_effect"], one["rel_ci_low"], one["rel_ci_high"]) for name, one in told["tests"].items()
    ]
    points = [figures.Point(look["fraction"], look["result"].get("z"), look["boundary"]) for look in told["looks"]]
    plan = plan_from(kept.plan)
    shares = [part / plan.looks for part in range(1, plan.looks + 1)]
    planned = [figures.Point(share, None, edge) for share, edge in zip(shares, plan.boundaries(shares), strict=True)]
    axis = (t("Share of the days seen"), t("boundary"))
    return figures.intervals(bars, t("Relative effect with its range")) + figures.looks(
        points, planned, t("Looks within their boundaries"), axis
    )


def _p(f: Formatter, one: Mapping[str, Any]) -> str:
    value = one["p_adjusted"] if one["p_adjusted"] is not None else one["p"]
    return "–" if value is None else f.t("under 0.1 %") if value < 0.001 else f.percent(value, 1)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(heads), line(["---"] * len(heads)), *(line(row) for row in rows)])


def _html(blocks: Sequence[str], drawn: str, language: str, title: str) -> str:
    body = "".join(_block(block) for block in blocks[:2]) + drawn + "".join(_block(block) for block in blocks[2:])
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )


def _block(block: str) -> str:
    """Our own Markdown (headings, bold, lists, tables, paragraphs) as HTML."""
    if block.startswith("#"):
        level = len(block) - len(block.lstrip("#"))
        return f"<h{level}>{_inline(block.lstrip('# '))}</h{level}>"
    if block.startswith("|"):
        rows = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in block.splitlines()]
        head = "".join(f"<th>{_inline(cell)}</th>" for cell in rows[0])
        body = "".join("<tr>" + "".join(f"<td>{_inline(cell)}</td>" for cell in row) + "</tr>" for row in rows[2:])
        return f"<table><tr>{head}</tr>{body}</table>"
    if block.startswith("- "):
        return "<ul>" + "".join(f"<li>{_inline(line[2:])}</li>" for line in block.splitlines()) + "</ul>"
    return "".join(f"<p>{_inline(part)}</p>" for part in block.split("\n\n"))


def _inline(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r'<strong class="verdict">\1</strong>', escape(text))
