"""Champion against challenger on the same rows: the newest window the champion has not seen, else the cutoffs both were judged at.

The champion comes as it is stored. The challenger comes as its recipe, fitted at the champion's own as_of, so that fresher data is no
advantage: what is compared is how each learns, and the newer data comes on top.
"""

import io
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta

import pandas as pd

from ml.evaluation.backtest import ask, horizon_of
from ml.evaluation.bootstrap import SCALES, thinned
from ml.predictors.base import Measure, NotEnoughData, Predictor
from ml.source.tables import Tables
from ml.store.predictions import KEY

DAYS_OF_A_WINDOW = 28  # four weeks are four blocks of the bootstrap
UNSEEN, CUTOFFS = "unseen", "cutoffs"
ROW = (*KEY, "cutoff")
KEPT = (*ROW, "value", "actual")
Plan = Mapping[date, list[Measure]]


def plan_unseen(measures: Iterable[Measure], answer: pd.DataFrame, champion_as_of: date, as_of: date) -> dict[date, list[Measure]]:
    """At which day each judged measure can be asked so that its truth is known now and the champion has seen none of it.

    Days of a series count from DAYS_OF_A_WINDOW on; a longer window must lie wholly after the champion's own as_of. Measures whose
    window has not passed yet are left out.
    """
    plan: dict[date, list[Measure]] = {}
    for measure in measures:
        if not measure.metric:
            continue
        horizon = horizon_of(measure, answer)
        windows = answer.loc[answer["measure"] == measure.name, "window_days"]
        by_day = measure.horizon_days == 0 or (len(windows) and windows.min() == 1)
        day = max(champion_as_of, as_of - timedelta(days=horizon)) if by_day else as_of - timedelta(days=horizon)
        if day >= champion_as_of and (as_of - day).days >= (DAYS_OF_A_WINDOW if by_day else 1):
            plan.setdefault(day, []).append(measure)
    return plan


def fight(
    champion: Predictor, make: Callable[[], Predictor], plan: Plan, tables: Tables, champion_as_of: date, as_of: date
) -> pd.DataFrame:
    """Both asked at the plan's days: judged rows with `value` (the recipe of `make`, fitted at `champion_as_of`) and `rival` (champion).

    Empty where the recipe has not enough data then, or nothing is planned.
    """
    if not plan:
        return pd.DataFrame()
    try:
        recipe = make().fit(tables, champion_as_of)
    except NotEnoughData:
        return pd.DataFrame()
    parts = []
    for day in sorted(plan):
        mine, theirs = (ask(predictor, plan[day], tables, day, as_of) for predictor in (recipe, champion))
        parts += [pair(mine, theirs)] if len(mine) and len(theirs) else []
    return pd.concat(parts, ignore_index=True).assign(basis=UNSEEN) if parts else pd.DataFrame()


def pair(mine: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """The rows both were judged on: `mine` with the other's value as `rival`."""
    other = theirs.drop_duplicates(list(ROW))[[*ROW, "value"]].rename(columns={"value": "rival"})
    return _same_types(mine).merge(_same_types(other), on=list(ROW), how="inner").dropna(subset=["value", "rival", "actual"])


def both(unseen: pd.DataFrame, rows: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """Per measure the unseen window where there is one, else the cutoffs at which both records were made; with a column `basis`."""
    shared = pair(rows, stored).assign(basis=CUTOFFS) if len(rows) and len(stored) else pd.DataFrame()
    if unseen.empty or shared.empty:
        return unseen if shared.empty else shared
    return pd.concat([unseen, shared[~shared["measure"].isin(unseen["measure"])]], ignore_index=True)


def deciding_rows(measure: Measure, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that decide about a measure: its days where it has days, else all its windows; with the scales of MASE and RMSSE."""
    if rows.empty:
        return rows
    found = rows[(rows["measure"] == measure.name) & rows["actual"].notna() & rows["value"].notna()]
    if len(found) and found["window_days"].min() == 1:
        found = found[found["window_days"] == 1]
    scale = SCALES.get(str(measure.metric))
    if scale and len(found):
        told = [cell.get(scale) if isinstance(cell, dict) else None for cell in found["detail"]]
        found = found.assign(**{scale: pd.Series(told, index=found.index, dtype=float)})
        found = found[found[scale] > 0]
    return thinned(found)


def with_segments(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The rows with a column `segment`: a customer's type, a day's weekday, else the entity itself; None where it is not known."""
    if rows.empty:
        return rows.assign(segment=pd.Series(dtype=object))
    kinds = tables["customers"].drop_duplicates("customer_id").set_index("customer_id")["customer_type"]
    segment = rows["entity_id"].astype(object)
    is_customer, is_company = rows["entity_type"] == "customer", rows["entity_type"] == "company"
    segment = segment.where(~is_customer, rows["entity_id"].map(kinds).astype(object))
    return rows.assign(segment=segment.where(~is_company, pd.to_datetime(rows["target_date"]).dt.day_name()))


def pack_judged(rows: pd.DataFrame) -> bytes:
    """The judged rows as the content of a file beside a stored predictor (Parquet), thinned by whole entities where there are many."""
    buffer = io.BytesIO()
    parts = [thinned(part) for _, part in rows.groupby("measure")] if len(rows) else [pd.DataFrame(columns=list(KEPT))]
    frame = pd.concat(parts, ignore_index=True)[list(KEPT)]
    frame.assign(cutoff=pd.to_datetime(frame["cutoff"])).to_parquet(buffer, index=False)
    return buffer.getvalue()


def unpack_judged(content: bytes) -> pd.DataFrame:
    """What `pack_judged` packed."""
    frame = pd.read_parquet(io.BytesIO(content))
    return frame.assign(cutoff=frame["cutoff"].dt.date)


def _same_types(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(target_date=pd.to_datetime(frame["target_date"]).astype("datetime64[us]"))
