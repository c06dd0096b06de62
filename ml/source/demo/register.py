"""Who and what is on the company's books today: customers, addresses, products, users."""

import numpy as np
import pandas as pd

from ml.source.demo.company import Company
from ml.source.demo.customers import KINDS
from ml.source.demo.dirt import MISSING_COORDINATES, MISSPELT
from ml.source.demo.fields import customer_ids, shown
from ml.source.demo.names import business, email, person, phone
from ml.source.demo.places import COMMUNES, misspell
from ml.source.demo.products import BUSINESS, HOME, PRODUCTS, TYPES
from ml.source.demo.streams import Days, Flags

SECOND_ADDRESS = 0.12
COMPANY_NAME = "Agua Tres Torres"


def customers_table(company: Company) -> pd.DataFrame:
    """Everybody registered so far; `price` is today's price of a bottle, gross for homes and net for businesses."""
    pool, who, last = company.pool, _registered(company), company.plan.days - 1
    factor = pool.price_factor(last)[who]
    list_price = company.world.prices.list_price[last, pool.product[who], pool.business[who]]
    kinds = [KINDS[kind].name for kind in pool.kind[who].tolist()]
    people = [person(pool.text[n, :3]) for n in who.tolist()]
    shops = [None if kind == "home" else business(kind, pool.text[n, 3:5]) for n, kind in zip(who.tolist(), kinds, strict=True)]
    shops[0] = f"{COMPANY_NAME} (interno)"
    frame = pd.DataFrame(
        {
            "customer_id": customer_ids(who),
            "name": [shop or someone for shop, someone in zip(shops, people, strict=True)],
            "business_name": pd.Series(shops, dtype=object),
            "contact_name": people,
            "email": [email(name, number) for name, number in zip(people, who.tolist(), strict=True)],
            "phone": [phone(number) for number in who.tolist()],
            "commune": _commune(company, who, 5),
            "address_id": [f"DIR-{number:04d}-1" for number in who.tolist()],
            "customer_type": np.array(TYPES, dtype=object)[pool.business[who]],
            "product_format": np.array([p.name for p in PRODUCTS], dtype=object)[pool.product[who]],
            "price": np.round(list_price * factor / 10) * 10,
        }
    ).astype(object)
    frame.loc[pool.text[who, 11] < 0.06, "email"] = None
    frame.loc[pool.text[who, 11] > 0.97, "phone"] = None
    return frame


def addresses_table(company: Company) -> pd.DataFrame:
    """One or two addresses per customer, a few without coordinates, communes as people write them."""
    pool, who = company.pool, _registered(company)
    rows = np.r_[who, who[has_second_address(company)[who]]]
    second = np.arange(len(rows)) >= len(who)
    known = pool.text[rows, 6] >= MISSING_COORDINATES
    frame = pd.DataFrame(
        {
            "address_id": [f"DIR-{n:04d}-{1 + two}" for n, two in zip(rows.tolist(), second.tolist(), strict=True)],
            "customer_id": customer_ids(rows),
            "commune": _commune(company, rows, 4),
            "region": "Metropolitana",
            "latitude": shown(known, (pool.latitude[rows] + 0.0015 * second).round(6)),
            "longitude": shown(known, (pool.longitude[rows] - 0.0011 * second).round(6)),
            "is_default": ~second,
        }
    )
    return frame.iloc[np.lexsort((second, rows))].reset_index(drop=True)


def products_table(company: Company) -> pd.DataFrame:
    """Today's list; a product of category Contrato is priced per customer and has list price 0."""
    price = company.world.prices.list_price[-1]
    contract = np.array([product.category == "Contrato" for product in PRODUCTS])
    return pd.DataFrame(
        {
            "product_id": [product.product_id for product in PRODUCTS],
            "name": [product.name for product in PRODUCTS],
            "category": [product.category for product in PRODUCTS],
            "price_neto": np.where(contract, 0.0, price[:, BUSINESS]),
            "pv_iva_inc": np.where(contract, 0.0, price[:, HOME]),
        }
    )


def users_table() -> pd.DataFrame:
    """The people who work with the company's own system, one per role."""
    people = (("1", "Administración", "admin"), ("2", "Oficina", "operador"), ("3", "Reparto", "repartidor"))
    return pd.DataFrame(
        {
            "id": [number for number, _, _ in people],
            "email": [f"{role}@example.com" for _, _, role in people],
            "nombre": [name for _, name, _ in people],
            "rol": [role for _, _, role in people],
            "activo": True,
        }
    )


def _registered(company: Company) -> Days:
    return np.flatnonzero(company.pool.lives.joined < company.plan.days)


def has_second_address(company: Company) -> Flags:
    """Which customers have a second address round the corner."""
    return company.pool.text[:, 7] < SECOND_ADDRESS


def _commune(company: Company, who: Days, column: int) -> list[str]:
    """Each customer's commune as written, from a column of uniforms."""
    u, commune = company.pool.text[who, column], company.pool.commune[who]
    names = [COMMUNES[place].name for place in commune.tolist()]
    return [misspell(name, float(x / MISSPELT)) if x < MISSPELT else name for name, x in zip(names, u.tolist(), strict=True)]
