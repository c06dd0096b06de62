"""The model's own out-of-time record: past windows it had not seen, against the naive rule; and whether it is of use at all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ml.customers.blend import MEMBERS, Window, fit_blend
from ml.customers.scoring import auc, auc_difference_error, bound, brier, calibration_error, share_found

NAIVE = "days since last order"
NO_SIGNAL_AUC = 0.60
FEW_ACTIVE = 100
NOTHING = float("nan")


@dataclass(frozen=True)
class Record:
    """Figures over `windows` past windows, population "active". `lo` and `hi` are one-sided 90 % bounds.

    `usable` says whether the score is worth showing; `verdict` is a code with facts for the screen.
    """

    windows: int
    customers: int
    churned: int
    usable: bool
    verdict: dict[str, Any]
    auc: float = NOTHING
    auc_lo: float = NOTHING
    auc_hi: float = NOTHING
    baseline_auc: float = NOTHING
    gain: float = NOTHING
    gain_lo: float = NOTHING
    gain_hi: float = NOTHING
    brier: float = NOTHING
    ece: float = NOTHING
    share_found: float = NOTHING
    members_auc: dict[str, float] = field(default_factory=dict)
    population: str = "active"
    baseline: str = NAIVE


def judge(windows: list[Window], customers: int) -> Record:
    """The record of the blend over past windows; the weights used in a window are those learnt from the other windows.

    Windows before which the log was young tell of a model that had less to learn from than the one in service: they count only where
    there are no others.
    """
    recent = _recent(windows)
    counted = [window for window in recent if 0 < window.churned.sum() < len(window.churned)]
    if not counted:
        return _no_record(recent)
    said = [fit_blend([w for w in counted if w is not window], customers).probability(window.members, window.level) for window in counted]
    figures = _areas(counted, said)
    usable, code = _verdict(figures)
    everyone, truth = np.concatenate(said), np.concatenate([window.churned for window in counted])
    return Record(
        windows=len(counted),
        customers=len(truth),
        churned=int(truth.sum()),
        usable=usable,
        verdict={"code": code, "params": {name: round(value, 3) for name, value in figures.items()}},
        **figures,
        brier=brier(everyone, truth),
        ece=_mean(calibration_error, said, counted),
        share_found=_mean(share_found, said, counted),
        members_auc={name: _mean(auc, [w.members[:, place] for w in counted], counted) for place, name in enumerate(MEMBERS)},
    )


def _recent(windows: list[Window]) -> list[Window]:
    """The windows that tell of a model like the present one."""
    recent = [window for window in windows if not window.year_ago]
    return [window for window in recent if not window.young] or recent


def _areas(windows: list[Window], said: list[np.ndarray]) -> dict[str, Any]:
    """Mean AUC of the blend and of the naive rule, and the gain, with one-sided 90 % bounds."""
    area, naive = _mean(auc, said, windows), _mean(auc, [window.naive for window in windows], windows)
    pairs = list(zip(windows, said, strict=True))
    error = _error([auc_difference_error(score, None, window.churned) for window, score in pairs])
    gain_error = _error([auc_difference_error(score, window.naive, window.churned) for window, score in pairs])
    gain = area - naive
    return {
        "auc": area, "auc_lo": bound(area, error, 0.1), "auc_hi": bound(area, error, 0.9), "baseline_auc": naive,
        "gain": gain, "gain_lo": bound(gain, gain_error, 0.1), "gain_hi": bound(gain, gain_error, 0.9),
    }  # fmt: skip


def _verdict(figures: dict[str, Any]) -> tuple[bool, str]:
    """No signal: the AUC is surely under 0.60, or not surely above chance; or surely no better than the naive rule."""
    if not np.isfinite(figures["auc_hi"]) or figures["auc_lo"] <= 0.5 or figures["auc_hi"] < NO_SIGNAL_AUC:
        return False, "no_usable_signal"
    if figures["gain_hi"] <= 0:
        return False, "no_gain_over_baseline"
    return True, "usable"


def _no_record(windows: list[Window]) -> Record:
    truth = np.concatenate([window.churned for window in windows]) if windows else np.zeros(0)
    code = "history_too_short" if not windows else "everybody_churned" if truth.all() else "nobody_churned"
    facts = {"windows": len(windows), "customers": len(truth)}
    return Record(len(windows), len(truth), int(truth.sum()), usable=False, verdict={"code": code, "params": facts})


def _mean(measure: Callable[[np.ndarray, np.ndarray], float], scores: list[np.ndarray], windows: list[Window]) -> float:
    """A measure's mean over windows; NaN where it is known in none."""
    values = np.array([measure(score, window.churned.astype(float)) for score, window in zip(scores, windows, strict=True)])
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else NOTHING


def _error(values: list[float]) -> float:
    """Standard error of the mean over windows, taken as one window's: the same customers stand in all of them."""
    known = [value for value in values if np.isfinite(value)]
    return float(np.sqrt(np.mean(np.square(known)))) if known else float("nan")
