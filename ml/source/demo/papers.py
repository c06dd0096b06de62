"""Purchases from suppliers, invoices to businesses, and the plan of tours that is under way."""

import json

import numpy as np
import pandas as pd

from ml.source.demo.company import Company
from ml.source.demo.fields import iso_days, order_ids
from ml.source.demo.prices import INFLATION_A_YEAR
from ml.source.demo.products import PRODUCTS, VAT
from ml.source.demo.streams import stream

UNITS_A_MONTH = (400, 200, 10, 2, 4000, 6, 40, 80)  # bought by a company of 420 customers, per product


def purchase_tables(company: Company) -> dict[str, pd.DataFrame]:
    """A purchase a month with every product; the supplier's prices follow inflation with a deviation per quarter."""
    plan = company.plan
    day = np.flatnonzero((plan.calendar - plan.calendar.astype("datetime64[M]")).astype(np.int64) == 2)
    draws = stream(plan.seed, "purchases").random((len(day), len(PRODUCTS), 2))
    quarter = np.arange(len(day)) // 3 * 3
    cost = np.array([product.cost for product in PRODUCTS]) * (1 + INFLATION_A_YEAR) ** (day[quarter, None] / 365.25)
    price = np.round(cost * (0.95 + 0.1 * draws[quarter, :, 0]), 1)
    ids = np.array([f"COM-{number + 1:04d}" for number in range(len(day))], dtype=object)
    products = np.array([product.product_id for product in PRODUCTS], dtype=object)
    units = np.array(UNITS_A_MONTH) * plan.size.customers / 420
    new_price = quarter == np.arange(len(day))
    received = day + 4 < plan.days
    return {
        "3t_purchases": pd.DataFrame(
            {
                "purchase_id": ids,
                "purchase_date": iso_days(company, day),
                "completed_date": iso_days(company, day + 4),
                "status": np.where(received, "Completada", "Pendiente"),
            }
        ),
        "3t_purchase_products": pd.DataFrame(
            {
                "purchase_id": np.repeat(ids, len(PRODUCTS)),
                "product_id": np.tile(products, len(day)),
                "quantity": np.maximum(1, np.round(units * (0.7 + 0.6 * draws[:, :, 1]))).astype(np.int64).ravel(),
                "unit_price": price.ravel(),
            }
        ),
        "3t_supplier_price_history": pd.DataFrame(
            {
                "product_id": np.tile(products, int(new_price.sum())),
                "price": price[new_price].ravel(),
                "recorded_at": np.repeat(iso_days(company, day[new_price]) + " 12:00:00.000000", len(PRODUCTS)),
            }
        ),
    }


def invoice_tables(company: Company) -> dict[str, pd.DataFrame]:
    """Invoices to businesses, one per customer and invoice day, and which orders they hold (amounts gross of VAT)."""
    calls, money, dirt = company.calls, company.money, company.dirt
    billed = (money.invoiced < company.plan.days) & ~dirt.are("internal") & ~dirt.are("loan")
    order = np.flatnonzero(billed)
    order = order[np.lexsort((order, calls.customer[order], money.invoiced[order]))]
    key = np.stack([money.invoiced[order], calls.customer[order]])
    number = np.cumsum(np.r_[True, (np.diff(key, axis=1) != 0).any(axis=0)][: len(order)]) - 1
    net = company.baskets.total[order]
    subtotal = np.bincount(number, weights=net).astype(np.int64)
    tax = np.round(subtotal * VAT).astype(np.int64)
    first = np.flatnonzero(np.r_[True, np.diff(number) > 0][: len(order)])
    ids = np.array([f"FAC-{n + 1:06d}" for n in range(len(subtotal))], dtype=object)
    paid = money.paid[order[first]] < company.plan.days
    return {
        "3t_invoices": pd.DataFrame(
            {
                "invoice_id": ids,
                "invoice_date": iso_days(company, money.invoiced[order[first]]),
                "subtotal": subtotal,
                "tax_amount": tax,
                "total_amount": subtotal + tax,
                "status": np.where(paid, "Pagada", "Emitida"),
            }
        ),
        "3t_order_invoices": pd.DataFrame(
            {"order_id": order_ids(order), "invoice_id": ids[number], "amount_invoiced": np.round(net * (1 + VAT)).astype(np.int64)}
        ),
    }


def saved_routes_table(orders: pd.DataFrame) -> pd.DataFrame:
    """The plan that is under way: the orders that are not delivered yet, and no history."""
    waiting = orders.loc[orders["status"] != "Despachado", "order_id"].tolist()
    plan = json.dumps({"routes": [{"orders": waiting}] if waiting else []}, ensure_ascii=False)
    return pd.DataFrame(
        {
            "route_id": ["RUT-1"],
            "route_data": [plan],
            "total_orders": [len(waiting)],
            "total_routes": [int(bool(waiting))],
            "is_active": [True],
        }
    )
