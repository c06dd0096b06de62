"""Ways to reach a customer: links that dial or open a chat with a prepared text."""

import re
from urllib.parse import quote

from ml.i18n import mark, translator

COUNTRY_CODES = {"CL": "56", "GB": "44", "AR": "54", "PE": "51", "ES": "34"}
SHORTEST, LONGEST = 8, 15
MOBILE_DIGITS = 9
CUSTOMERS_LANGUAGE = "es"  # what the customers read, whatever language the screens are shown in
HELLO = mark("Good day, we write from {company}. May we bring you your next order?")


def international(phone: str | None, country: str) -> str | None:
    """The phone as digits with the country's code ("56912345678"), None when it is no phone number.

    >>> international("9 1234 5678", "CL"), international("+44 20 7946 0000", "CL"), international("no", "CL")
    ('56912345678', '442079460000', None)
    """
    text, code = phone or "", COUNTRY_CODES.get(country, "")
    digits = re.sub(r"\D", "", text)
    has_code = text.strip().startswith("+") or bool(code and digits.startswith(code) and len(digits) > MOBILE_DIGITS)
    national = digits if has_code else digits.lstrip("0")
    number = national if has_code else f"{code}{national}"
    return number if len(national) >= SHORTEST and len(number) <= LONGEST else None


def dial(phone: str | None, country: str) -> str | None:
    """A link that calls the phone, None without a usable number."""
    number = international(phone, country)
    return f"tel:+{number}" if number else None


def chat(phone: str | None, country: str, text: str) -> str | None:
    """A link that opens a WhatsApp chat with a prepared text, None without a usable number."""
    number = international(phone, country)
    return f"https://wa.me/{number}?text={quote(text)}" if number else None


def prepared(company: str) -> str:
    """The text with which a chat opens, in the customers' language.

    >>> prepared("Agua Tres Torres")
    'Buenos días, le escribimos de Agua Tres Torres. ¿Le llevamos su próximo pedido?'
    """
    return translator(CUSTOMERS_LANGUAGE)(HELLO, company=company)
