"""Lists of e-mail addresses as people write them: checked, without doubles, in one form."""

import re

from ml.store.refused import Refused

ADDRESS = re.compile(r"[^\s@<>,;:\"()\\]{1,64}@[^\s@<>,;:\"()\\]{1,180}\.[^\s@<>,;:\"()\\.]{2,40}")
BETWEEN = re.compile(r"[\s,;]+")
MOST = 50


def addresses(text: str) -> tuple[str, ...]:
    """The addresses of a list, in lower case, each once.

    >>> addresses("Ana@3t.cl; ventas@3t.cl ana@3t.cl")
    ('ana@3t.cl', 'ventas@3t.cl')
    """
    return tuple(dict.fromkeys(part.lower() for part in BETWEEN.split(text) if part))


def checked_addresses(text: str) -> str:
    """The list in one form, commas between. Raises Refused naming the first that is no address, or when there are more than MOST."""
    found = addresses(text)
    wrong = next((address for address in found if not ADDRESS.fullmatch(address) or not address.isascii()), None)
    if wrong is not None:
        raise Refused(f"{wrong[:80]!r} is no e-mail address; write them like ana@example.com, with commas between", "email_list")
    if len(found) > MOST:
        raise Refused(f"{len(found)} addresses came; accepted are at most {MOST}", "email_list")
    return ", ".join(found)
