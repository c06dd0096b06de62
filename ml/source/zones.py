"""Names of zones: one spelling each. A list of known names (the communes of greater Santiago) corrects near misses, and says so."""

import difflib
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

NEAR = 0.84

# The 52 communes of the Región Metropolitana (Chile, Decreto 1.439 of 2000: political-administrative division of the country).
SANTIAGO = (
    "Alhué", "Buin", "Calera de Tango", "Cerrillos", "Cerro Navia", "Colina", "Conchalí", "Curacaví", "El Bosque", "El Monte",
    "Estación Central", "Huechuraba", "Independencia", "Isla de Maipo", "La Cisterna", "La Florida", "La Granja", "La Pintana", "La Reina",
    "Lampa", "Las Condes", "Lo Barnechea", "Lo Espejo", "Lo Prado", "Macul", "Maipú", "María Pinto", "Melipilla", "Ñuñoa", "Padre Hurtado",
    "Paine", "Pedro Aguirre Cerda", "Peñaflor", "Peñalolén", "Pirque", "Providencia", "Pudahuel", "Puente Alto", "Quilicura",
    "Quinta Normal", "Recoleta", "Renca", "San Bernardo", "San Joaquín", "San José de Maipo", "San Miguel", "San Pedro", "San Ramón",
    "Santiago", "Talagante", "Tiltil", "Vitacura",
)  # fmt: skip
ALIASES = {
    "santiago centro": "Santiago", "stgo": "Santiago", "stgo centro": "Santiago", "santiago de chile": "Santiago", "til til": "Tiltil",
    "est central": "Estación Central", "pac": "Pedro Aguirre Cerda", "conchali": "Conchalí",
}  # fmt: skip
GAZETTEERS: Mapping[str, tuple[str, ...]] = {"santiago": SANTIAGO}


class Spelling(NamedTuple):
    """Zones in one spelling each; where the spelling changed; where the name is not in the list of known names."""

    values: pd.Series
    corrected: pd.Series
    unknown: pd.Series


def fold(text: str) -> str:
    """A text without accents, case, punctuation and double spaces, for comparing.

    >>> fold(" ÑUÑOA. ")
    'nunoa'
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def spell(values: pd.Series, gazetteer: str | None) -> Spelling:
    """One spelling per zone: the list's own where a name is in it or near to it, else the most frequent spelling of the column.

    `values` is text without missing spaces; missing stays missing. `gazetteer` is a key of GAZETTEERS or None.
    """
    counts = values.value_counts()
    common = _most_frequent(counts)
    known = {fold(name): name for name in GAZETTEERS[gazetteer]} if gazetteer else {}
    chosen = {name: _choose(name, known) or common[fold(name)] for name in counts.index}
    spelled = values.map(chosen).astype("str")
    present = values.notna()
    listed = set(known.values())
    return Spelling(
        spelled, present & (spelled != values), present & ~spelled.isin(listed) if gazetteer else pd.Series(False, values.index)
    )


def _most_frequent(counts: pd.Series) -> dict[str, str]:
    """folded name -> its most frequent spelling (ties by alphabet)."""
    order = sorted(counts.items(), key=lambda item: (-int(item[1]), str(item[0])))
    common: dict[str, str] = {}
    for name, _ in order:
        common.setdefault(fold(str(name)), str(name))
    return common


def _choose(name: str, known: Mapping[str, str]) -> str | None:
    if not known:
        return None
    key = fold(name)
    if key in known:
        return known[key]
    if key in ALIASES and ALIASES[key] in known.values():
        return ALIASES[key]
    near = difflib.get_close_matches(key, known, n=2, cutoff=NEAR)
    if not near or (len(near) == 2 and _ratio(key, near[0]) == _ratio(key, near[1])):
        return None
    return known[near[0]]


def _ratio(one: str, two: str) -> float:
    return difflib.SequenceMatcher(None, one, two).ratio()
