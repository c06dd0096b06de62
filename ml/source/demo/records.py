"""The company as its database shows it on the last day: tables of the `3t` schema as frames, quirks and dirt included."""

import numpy as np
import pandas as pd

from ml.source.demo.company import Company
from ml.source.demo.fields import customer_ids, iso_days, order_ids, shown
from ml.source.demo.papers import invoice_tables, purchase_tables, saved_routes_table
from ml.source.demo.products import HOME, PRODUCTS, VAT
from ml.source.demo.register import addresses_table, customers_table, has_second_address, products_table, users_table
from ml.source.demo.streams import stream
from ml.source.demo.weather import weather_table

LATE_EVENING = 0.04  # deliveries after 20 or 21 hours, which the app's UTC date puts on the next day
NO_ADDRESS = 0.02


def records(company: Company) -> dict[str, pd.DataFrame]:
    """Every table by its name in the company's database. What is not known yet on the last day (payments, invoices) is empty."""
    orders = _orders(company)
    return {
        "3t_orders": _dirty_orders(company, orders),
        "order_products": _order_products(company),
        "3t_customers": customers_table(company),
        "3t_addresses": addresses_table(company),
        "3t_products": products_table(company),
        **purchase_tables(company),
        "3t_weather_data": weather_table(company.plan, company.world.weather),
        "3t_saved_routes": saved_routes_table(orders),
        **invoice_tables(company),
        "3t_users": users_table(),
    }


def _orders(company: Company) -> pd.DataFrame:
    """One clean row per order, in the order they came."""
    plan, pool, calls, baskets, money = company.plan, company.pool, company.calls, company.baskets, company.money
    count = len(calls.day)
    u = stream(plan.seed, "order records").random((count, 8))
    delivered = calls.day + (u[:, 0] < LATE_EVENING)
    closed = delivered < plan.days
    paid, invoiced = money.paid < plan.days, money.invoiced < plan.days
    second = has_second_address(company)[calls.customer] & (u[:, 1] < 0.2)
    address = np.array([f"DIR-{n:04d}-{1 + two}" for n, two in zip(calls.customer.tolist(), second.tolist(), strict=True)], dtype=object)
    old = calls.day < plan.lines_since
    order_type = np.where(calls.first, "nuevo", np.where(old & (u[:, 3] < 0.9), "Venta", "recarga")).astype(object)
    hour = pd.to_timedelta((9.5 + 8 * u[:, 4]).round(2), unit="h").floor("min")
    moment = (pd.to_datetime(plan.calendar[calls.day]) + hour).strftime("%Y-%m-%d %H:%M:%S.000000").to_numpy(dtype=object)
    returned = np.maximum(0, baskets.bottles - (u[:, 6] < 0.2))
    return pd.DataFrame(
        {
            "order_id": order_ids(np.arange(count)),
            "customer_id": customer_ids(calls.customer),
            "delivery_address_id": shown(u[:, 2] >= NO_ADDRESS, address),
            "order_date": iso_days(company, calls.day),
            "status": np.where(closed, "Despachado", np.where(u[:, 7] < 0.5, "Ruta", "Pedido")),
            "order_type": shown(u[:, 5] >= 0.03, order_type),
            "product_type": np.array([p.product_id for p in PRODUCTS], dtype=object)[pool.product[calls.customer]],
            "quantity": baskets.quantity,
            "final_price": baskets.total,
            "payment_status": np.where(paid, "Pagado", np.where(invoiced, "Facturado", "Pendiente")),
            "payment_type": money.payment_type,
            "delivered_date": iso_days(company, delivered),
            "delivery_datetime": shown((u[:, 4] < 0.3) & closed, moment),
            "payment_date": iso_days(company, money.paid),
            "invoice_date": iso_days(company, money.invoiced),
            "bottles_delivered": shown((u[:, 6] < 0.4) & closed, baskets.bottles),
            "bottles_returned": shown((u[:, 6] < 0.4) & closed & ~calls.first, returned),
            "botellones_entregados": shown((u[:, 6] > 0.8) & closed, baskets.bottles),
            "route_distance_km": shown(~np.isnan(company.tours.km) & closed, company.tours.km),
        }
    ).astype({"quantity": object, "final_price": object})


def _dirty_orders(company: Company, orders: pd.DataFrame) -> pd.DataFrame:
    """The rows as they were written down: see `ml.source.demo.dirt`. A duplicated row follows its original."""
    dirt, dirty = company.dirt, orders.copy()
    internal, loan = dirt.are("internal"), dirt.are("loan")
    dirty.loc[dirt.are("null_date"), "order_date"] = None
    dirty.loc[dirt.are("null_price"), "final_price"] = None
    dirty.loc[dirt.are("negative_price"), "final_price"] = -orders["final_price"]
    dirty.loc[dirt.future, "order_date"] = orders.loc[dirt.future, "order_date"].map(_ten_years_on)
    own = customer_ids(np.zeros(1, np.int64))[0]
    dirty.loc[internal, ["customer_id", "order_type", "final_price", "payment_status"]] = [own, "compras", 0, "Interno"]
    dirty.loc[internal, ["delivery_address_id", "payment_date", "invoice_date", "route_distance_km"]] = None
    dirty.loc[loan, ["order_type", "payment_status", "payment_date", "invoice_date"]] = ["Préstamo", "Pendiente", None, None]
    dirty.loc[loan & (np.arange(len(loan)) % 2 == 0), "final_price"] = 0
    return dirty.loc[np.repeat(np.arange(len(dirty)), 1 + dirt.are("duplicate"))].reset_index(drop=True)


def _ten_years_on(day: str) -> str:
    return f"{int(day[:4]) + 10}{day[4:].replace('02-29', '02-28')}"


def _order_products(company: Company) -> pd.DataFrame:
    """Order lines since the company began to write them; price_neto is net of VAT, total is on the basis of the order's final_price."""
    baskets, calls = company.baskets, company.calls
    keep = (calls.day[baskets.order] >= company.plan.lines_since) & ~company.dirt.are("internal")[baskets.order]
    order, product = baskets.order[keep], baskets.product[keep]
    gross = company.pool.business[calls.customer[order]] == HOME
    return pd.DataFrame(
        {
            "id": np.arange(1, len(order) + 1),
            "order_id": order_ids(order),
            "product_id": np.array([p.product_id for p in PRODUCTS], dtype=object)[product],
            "quantity": baskets.units[keep],
            "price_neto": np.where(gross, baskets.unit_price[keep] / (1 + VAT), baskets.unit_price[keep]).round(2),
            "total": np.round(baskets.units[keep] * baskets.unit_price[keep]).astype(np.int64),
        }
    )
