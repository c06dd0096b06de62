"""Own-price elasticity of a cell: quasi-Poisson with a log link, controls by Ridge, the price itself not penalised.

log E[bought] = customer + elasticity × log price + controls, over customers and weeks. Each customer has its own level, so only price
changes within a customer count (Poisson with fixed effects: J. Hausman, B. Hall, Z. Griliches, Econometrica 52, 1984); it stays right
when counts are over-dispersed or 0 (J. Wooldridge, Journal of Econometrics 90, 1999). The interval comes from a bootstrap over blocks of
weeks (H. R. Künsch, Annals of Statistics 17, 1989), one Newton step per draw: weeks in a row go together, because a good month lasts.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ml.pricing.panel import Cell, Panel

if TYPE_CHECKING:
    from ml.pricing.trials import Trial

Array = npt.NDArray[np.float64]
BLOCK_WEEKS = 6
DRAWS = 300
STEPS = 30
MIN_WEEKS = 26
MIN_WEEKS_WITH_SALES = 13
MIN_BOUGHT = 20.0
MOVED = 0.02
MIN_MOVED_WEEKS = 3
MIN_PRICE_SPREAD = 0.012
MAX_WITHIN_WEEK_SPREAD = 0.25
MIN_OWN_PRICE_SPREAD = 0.008
WIDEST_INTERVAL = 6.0
LARGEST_BELIEVED = 5.0
LARGEST = 20.0


@dataclass(frozen=True)
class Elasticity:
    """The change of log units per change of log price: the estimate, its bootstrap `draws` (empty without an estimate), the reason code
    where there is none, the standard deviation of the log price index and how many weeks of sales the cell has.

    Where price tests count as well (`ml.pricing.trials`), `history` is the estimate without them and `trials` what each of them found."""

    value: float
    draws: Array
    reason: str | None
    price_spread: float
    weeks: int
    history: "Elasticity | None" = None
    trials: "tuple[Trial, ...]" = ()

    def interval(self, level: float) -> tuple[float, float]:
        """The central interval that holds `level` (0 to 1) of the draws; NaN without an estimate."""
        if not len(self.draws):
            return float("nan"), float("nan")
        low, high = np.quantile(self.draws, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)


def estimate_elasticity(cell: Cell, panel: Panel, resampled: Array) -> Elasticity:
    """The elasticity of one cell, or the reason why none can be read. `resampled` are `block_counts` of the panel's weeks."""
    spread, weeks = _spread(cell), int((cell.units > 0).sum())
    reason = reason_against(cell, panel)
    if reason:
        return Elasticity(float("nan"), np.zeros(0), reason, spread, weeks)
    theta, draws = _fit(cell, panel, resampled)
    low, high = np.quantile(draws, (0.05, 0.95))
    if high - low > WIDEST_INTERVAL or abs(theta) > LARGEST_BELIEVED:
        return Elasticity(float("nan"), np.zeros(0), "interval_too_wide", spread, weeks)
    return Elasticity(theta, draws, None, spread, weeks)


def reason_against(cell: Cell, panel: Panel) -> str | None:
    """Why no elasticity can be read from a cell (a reason code), or None."""
    if panel.weeks - cell.first_week < MIN_WEEKS or int((cell.units > 0).sum()) < MIN_WEEKS_WITH_SALES:
        return "not_enough_weeks_with_sales"
    if cell.price.within_week_spread > MAX_WITHIN_WEEK_SPREAD:
        return "no_usual_price"
    if cell.bought.sum() < MIN_BOUGHT:
        return "not_enough_weeks_with_sales"
    weight = _weights(cell)
    usual = np.array([np.median(path[on > 0]) if on.any() else 0.0 for path, on in zip(cell.log_price, cell.active, strict=True)])
    moved = (weight * (np.abs(cell.log_price - usual[:, None]) > MOVED)).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9)
    if float(moved.sum()) < MIN_MOVED_WEEKS or _spread(cell) < MIN_PRICE_SPREAD:
        return "not_enough_price_variation"
    return "price_moves_with_season" if _own_spread(cell, panel) < MIN_OWN_PRICE_SPREAD else None


def _weights(cell: Cell) -> Array:
    """Expected purchases of each row and week were nothing ever to change: the row's total over its active weeks."""
    return cell.active * (cell.bought.sum(axis=1) / np.maximum(cell.active.sum(axis=1), 1))[:, None]


def _spread(cell: Cell) -> float:
    """Standard deviation of the log price within customers, by expected purchases."""
    weight = _weights(cell)
    mean = (weight * cell.log_price).sum(axis=1, keepdims=True) / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    return float(np.sqrt((weight * (cell.log_price - mean) ** 2).sum() / max(float(weight.sum()), 1e-9)))


def _own_spread(cell: Cell, panel: Panel) -> float:
    """The same after a regression on the controls: what of the price's moves is not a trend, a season or a holiday."""
    weight = _weights(cell)
    design = _within(cell, panel, weight)
    curvature = (np.swapaxes(design * weight.T[:, :, None], 1, 2) @ design).sum(axis=0)
    controls = curvature[1:, 1:] + 1e-6 * np.eye(len(curvature) - 1)
    left = curvature[0, 0] - curvature[0, 1:] @ np.linalg.solve(controls, curvature[1:, 0])
    return float(np.sqrt(max(left, 0.0) / max(float(weight.sum()), 1e-9)))


def block_counts(weeks: int, rng: np.random.Generator, draws: int = DRAWS, block: int = BLOCK_WEEKS) -> Array:
    """How often each week is drawn in each resample (draws × weeks): circular blocks of `block` weeks until the span is full."""
    counts = np.zeros((draws, weeks))
    if weeks < 1:
        return counts
    starts = rng.integers(0, weeks, size=(draws, -(-weeks // block)))
    days = (starts[:, :, None] + np.arange(block)).reshape(draws, -1)[:, :weeks] % weeks
    np.add.at(counts, (np.repeat(np.arange(draws), weeks), days.ravel()), 1.0)
    return counts


def _fit(cell: Cell, panel: Panel, resampled: Array) -> tuple[float, Array]:
    """The elasticity and its draws, by penalised Newton steps with each row's level at its best (it is concentrated out)."""
    penalty = np.concatenate([[0.0], panel.penalties])
    theta = np.zeros(len(penalty))
    for _ in range(STEPS):
        fitted = _fitted(cell, panel, theta)
        score, curvature = _weekly(cell, panel, fitted)
        scaled = penalty * _dispersion(cell, fitted)
        step = np.linalg.solve(curvature.sum(axis=0) + np.diag(scaled + 1e-6), score.sum(axis=0) - scaled * theta)
        theta = theta + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-7:
            break
    fitted = _fitted(cell, panel, theta)
    score, curvature = _weekly(cell, panel, fitted)
    scaled = penalty * _dispersion(cell, fitted)
    parameters = len(theta)
    flat = resampled @ curvature.reshape(panel.weeks, -1)
    drawn = flat.reshape(-1, parameters, parameters) + np.diag(scaled + 1e-6)
    steps = np.linalg.solve(drawn, (resampled @ score - scaled * theta)[:, :, None])[:, 0, 0]
    draws = theta[0] + steps * _small_sample(panel.weeks - cell.first_week, parameters)
    return float(theta[0]), np.clip(draws, -LARGEST, LARGEST)


def _small_sample(weeks: int, parameters: int) -> float:
    """How much wider the draws must be: sqrt(n / (n - p)) for the fitted parameters, and Student's t for the few blocks (90 % points)."""
    from scipy.special import ndtri, stdtrit

    blocks = max(weeks // BLOCK_WEEKS - 1, 2)
    return float(np.sqrt(weeks / max(weeks - parameters, 1)) * stdtrit(blocks, 0.95) / ndtri(0.95))


def _fitted(cell: Cell, panel: Panel, theta: Array) -> Array:
    """Expected purchases, rows × weeks; each row adds up to what it bought."""
    effect = cell.active * np.exp(np.clip(theta[0] * cell.log_price + panel.controls @ theta[1:], -30, 30))
    return effect * (cell.bought.sum(axis=1) / np.maximum(effect.sum(axis=1), 1e-12))[:, None]


def _within(cell: Cell, panel: Panel, weight: Array) -> Array:
    """Price and controls less their mean in the row (by `weight`): weeks × rows × parameters."""
    rows, weeks = weight.shape
    design = np.empty((weeks, rows, 1 + panel.controls.shape[1]))
    design[:, :, 0], design[:, :, 1:] = cell.log_price.T, panel.controls[:, None, :]
    total = np.maximum(weight.sum(axis=1), 1e-12)
    mean = np.einsum("rw,wrp->rp", weight, design) / total[:, None]
    return design - mean[None, :, :]


def _weekly(cell: Cell, panel: Panel, fitted: Array) -> tuple[Array, Array]:
    """Score (weeks × parameters) and curvature (weeks × parameters × parameters) of the concentrated likelihood, by week."""
    design = _within(cell, panel, fitted)
    residual = (cell.active * cell.bought - fitted).T
    score = (residual[:, None, :] @ design)[:, 0, :]
    return score, np.swapaxes(design * fitted.T[:, :, None], 1, 2) @ design


def _dispersion(cell: Cell, fitted: Array) -> float:
    """Pearson's χ² of the weekly totals over their number: how much wilder the cell is than a Poisson count."""
    expected = fitted.sum(axis=0)
    kept = expected > 0
    return max(float(((cell.bought.sum(axis=0) - expected)[kept] ** 2 / expected[kept]).mean()), 0.1)
