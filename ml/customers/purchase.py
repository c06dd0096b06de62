"""Purchase processes without contracts: MBG/NBD and BG/NBD by maximum likelihood, and Gamma-Gamma for the value of an order.

BG/NBD: Fader, Hardie and Lee (2005), "Counting your customers the easy way". MBG/NBD: Batislam, Denizel and Filiztekin (2007), where a
customer may also leave right after the first order. Gamma-Gamma: Fader, Hardie and Lee (2005), "RFM and CLV: using iso-value curves".
`repeats` = x, orders after the first; `last` = t_x, from first to last order; `age` = T, from first order to the cutoff (any one unit).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaincinv, betaln, gammaln

_MOST_ROWS = 30_000  # likelihoods are flat far below this many customers
_NODES, _NODE_WEIGHTS = (half / 2 for half in np.polynomial.legendre.leggauss(24))
_NODES = _NODES + 0.5


@dataclass(frozen=True)
class PurchaseProcess:
    """Fitted parameters: rates are Gamma(r, alpha), leaving after an order has probability Beta(a, b). `modified` = MBG/NBD."""

    r: float
    alpha: float
    a: float
    b: float
    modified: bool = True

    def silence(self, repeats: np.ndarray, last: np.ndarray, age: np.ndarray, horizon: float) -> np.ndarray:
        """Probability of no order in (T, T + horizon] for each customer."""
        stays, left = self._parts(repeats, last, age)
        shape = self.r + repeats
        quiet = stays + shape * (np.log(self.alpha + age) - np.log(self.alpha + age + horizon))
        whole = np.logaddexp(stays, left)
        return np.clip(np.exp(np.logaddexp(quiet, left) - whole), 0.0, 1.0)

    def alive(self, repeats: np.ndarray, last: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Probability of still being a customer at the cutoff."""
        stays, left = self._parts(repeats, last, age)
        return np.exp(stays - np.logaddexp(stays, left))

    def expected_orders(self, repeats: np.ndarray, last: np.ndarray, age: np.ndarray, horizon: float) -> np.ndarray:
        """Expected orders in (T, T + horizon]: alive x integral over p ~ Beta of (1 - (1 + p h / (alpha + T))^-(r + x)) / p."""
        survived = repeats + (1 if self.modified else 0)
        counts, place = np.unique(survived, return_inverse=True)
        p = np.maximum(betaincinv(self.a, self.b + counts[:, None], _NODES[None, :]), 1e-12)[place]
        scaled = (horizon / (self.alpha + age))[:, None]
        bought = -np.expm1(-(self.r + repeats)[:, None] * np.log1p(p * scaled)) / p
        return self.alive(repeats, last, age) * (bought @ _NODE_WEIGHTS)

    def _parts(self, repeats: np.ndarray, last: np.ndarray, age: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log of the two ways to be where one is: still a customer, or left right after the last order."""
        shape = self.r + repeats
        extra = 1 if self.modified else 0
        stays = betaln(self.a, self.b + repeats + extra) - shape * np.log(self.alpha + age)
        with np.errstate(invalid="ignore", divide="ignore"):
            left = betaln(self.a + 1, np.maximum(self.b + repeats + extra - 1, 1e-12)) - shape * np.log(self.alpha + last)
        return stays, left if self.modified else np.where(repeats > 0, left, -np.inf)


def fit_purchase(
    repeats: np.ndarray, last: np.ndarray, age: np.ndarray, *, modified: bool = True, counts: np.ndarray | None = None, prior: float = 0.0
) -> PurchaseProcess:
    """The maximum-likelihood parameters. `counts` weighs rows; `prior` > 0 pulls the log-parameters weakly to a common start.

    The pull keeps small or one-sided logs finite; with 0 the result is the plain maximum likelihood of the publications.
    """
    repeats, last, age, weight = _thinned(repeats, last, age, counts)
    start = np.log([0.5, max(float(np.average(age, weights=weight)) / 4, 1e-3), 1.0, 2.5])

    def loss(log_parameters: np.ndarray) -> float:
        r, alpha, a, b = np.exp(np.clip(log_parameters, -12, 12))
        stays, left = PurchaseProcess(r, alpha, a, b, modified)._parts(repeats, last, age)
        likelihood = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha) - betaln(a, b) + np.logaddexp(stays, left)
        pull = prior * float(np.sum((log_parameters - start) ** 2))
        return float(-np.sum(weight * likelihood) + pull) / float(weight.sum())

    found = minimize(loss, start, method="L-BFGS-B", bounds=[(-10, 10)] * 4, options={"maxiter": 300, "ftol": 1e-12, "gtol": 1e-8})
    r, alpha, a, b = (float(value) for value in np.exp(found.x))
    return PurchaseProcess(r, alpha, a, b, modified)


def _thinned(
    repeats: np.ndarray, last: np.ndarray, age: np.ndarray, counts: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Equal rows joined with their number, and at most _MOST_ROWS customers (every k-th)."""
    rows = np.column_stack([repeats, last, age]).astype(float)
    weight = np.ones(len(rows)) if counts is None else np.asarray(counts, dtype=float)
    step = -(-len(rows) // _MOST_ROWS)
    unique, inverse = np.unique(rows[::step], axis=0, return_inverse=True)
    joined = np.bincount(inverse.ravel(), weights=weight[::step])
    return unique[:, 0], unique[:, 1], unique[:, 2], joined


@dataclass(frozen=True)
class OrderValue:
    """Gamma-Gamma: a customer's orders vary around a mean that itself varies between customers. `scale` is the money unit of the fit."""

    p: float
    q: float
    gamma: float
    scale: float = 1.0

    def mean_amount(self, orders: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Expected amount of a future order from `orders` past ones with mean amount `mean` (shrunken to the population's)."""
        shape = self.p * orders + self.q - 1
        return self.p * (self.gamma * self.scale + orders * mean) / np.maximum(shape, 1e-9)


def fit_order_value(orders: np.ndarray, mean: np.ndarray, *, prior: float = 0.0) -> OrderValue:
    """Gamma-Gamma by maximum likelihood from each customer's number of orders and mean amount (rows with both above 0)."""
    use = (orders > 0) & (mean > 0)
    step = -(-int(use.sum()) // _MOST_ROWS)
    n, m = orders[use][::step].astype(float), mean[use][::step]
    scale = float(np.median(m))
    m = m / scale
    start = np.log([3.0, 3.0, 1.0])

    def loss(log_parameters: np.ndarray) -> float:
        p, q_less_one, gamma = np.exp(log_parameters)
        q = 1 + q_less_one
        likelihood = gammaln(p * n + q) - gammaln(p * n) - gammaln(q) + q * np.log(gamma) + (p * n - 1) * np.log(m) + p * n * np.log(n)
        likelihood = likelihood - (p * n + q) * np.log(gamma + m * n)
        return float(-np.sum(likelihood) + prior * float(np.sum((log_parameters - start) ** 2))) / len(n)

    found = minimize(loss, start, method="L-BFGS-B", bounds=[(-6, 6)] * 3, options={"maxiter": 300, "ftol": 1e-12})
    p, q_less_one, gamma = np.exp(found.x)
    return OrderValue(float(p), float(1 + q_less_one), float(gamma), scale)
