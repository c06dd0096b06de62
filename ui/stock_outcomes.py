"""What came of a stock test, handed in as a file: its form, what is wrong with a file line by line, and the button that keeps it."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from ml.experiments import stock_file
from ml.experiments.errors import ExperimentError
from ml.i18n import mark
from ml.queries import experiments
from ml.store.experiments import Kept
from ui import actions, actions_experiments, blocks, data, guard, presses
from ui.format import md
from ui.screen import Screen

KEPT = mark("The outcomes are kept.")
WRONG: Mapping[str, str] = {
    "stock_columns": mark("The first line lacks {missing}; it must hold {expected}."),
    "stock_rows": mark("The file has no rows, or more than {most}."),
    "stock_large": mark("The file is larger than {most} MB."),
    "stock_unit": mark("Line {line}: “{unit}” is not part of this test."),
    "stock_day": mark("Line {line}: {day} is no day of the test, which goes from {start} to {end}."),
    "stock_period": mark("Line {line}: the period must be a day such as 20-11-2026."),
    "stock_empty": mark("Line {line} tells no number."),
    "stock_value": mark("Line {line}: a number is missing or cannot be; whole stock-outs, and nothing below 0."),
}


def show(screen: Screen, kept: Kept) -> None:
    """The form to download, the file to hand in, and what it holds or what is wrong with it."""
    t, f = screen.t, screen.f
    if kept.unit == "customer" or kept.state not in ("active", "paused") or not guard.may(screen.user, actions_experiments.ACTION):
        return
    units = data.ask(experiments.assignments, kept.experiment_id)["unit_id"].tolist()
    st.subheader(t("Hand in what came"), anchor=False)
    st.caption(
        t("A file with a line per product and commune and period: days without stock, units that were missing, cost. A line counts once.")
    )
    day = min(max(screen.today, kept.start), kept.end)
    st.download_button(
        t("Form to fill in (CSV)"), data=actions.export_of(screen, "stock.csv", partial(stock_file.form, units, day)),
        file_name=f"{kept.experiment_id}-{day}.csv", mime="text/csv", key="stock-form", on_click="ignore",
    )  # fmt: skip
    name = f"stock-{kept.experiment_id}"
    given = blocks.file_chooser(t, t("Filled-in file"), ["csv"], key=f"{name}-file-{presses.number(name)}")
    if given is None:
        return
    content = given.getvalue()
    try:
        rows = stock_file.read_outcomes(kept, units, content, screen.today)
    except ExperimentError as error:
        places = {key: f.day(value) if key in ("day", "start", "end") else str(value) for key, value in error.params.items()}
        st.error(t(WRONG[error.code], **{key: md(value) for key, value in places.items()}))
        return
    days = sorted({row["day"] for row in rows})
    st.markdown(
        t("{n} lines of {units} product–commune pairs, from {start} to {end}.", n=f.number(len(rows)), start=md(f.day(days[0])),
          units=f.number(len({row["unit_id"] for row in rows})), end=md(f.day(days[-1])))
    )  # fmt: skip
    presses.button(t("Keep these outcomes"), name, partial(actions_experiments.hand_in, kept.experiment_id, content), KEPT, strong=True)
