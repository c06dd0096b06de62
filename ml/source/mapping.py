"""How their tables and columns become ours: `mapping.toml` on top of a preset, validated before anything is read."""

import difflib
import hashlib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ml.source.errors import MappingError
from ml.source.presets import PRESETS, allowed_keys, required_keys
from ml.source.zones import GAZETTEERS

Basis = Literal["net", "gross", "unknown"]
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SHOWN = 60


def _printable(name: str) -> str:
    if _CONTROL.search(name):
        raise ValueError("a name must not contain control characters")
    return name


def _usual_encoding(name: str) -> str:
    try:
        return "".encode(name) and name or name
    except LookupError:
        raise ValueError("unknown encoding; use utf-8 or latin-1") from None


Identifier = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
_FROZEN = ConfigDict(frozen=True, extra="forbid")


class TableMap(BaseModel):
    """One of our tables: theirs, its columns (ours -> theirs), rows that are left out, values we know, and what a person wrote himself."""

    model_config = _FROZEN

    table: Identifier
    columns: dict[str, Identifier]
    exclude: dict[str, tuple[str, ...]] = {}
    known: dict[str, tuple[str, ...]] = {}
    written: frozenset[str] = frozenset()


class Mapping(BaseModel):
    """A validated mapping. `vat` says per customer type ("*" = every other) whether `amount` as recorded is net or gross."""

    model_config = _FROZEN

    preset: Literal["3t", "lines"]
    origin: str
    tables: dict[str, TableMap]
    vat: dict[str, Basis]
    vat_rate: float = Field(0.19, ge=0, lt=1)
    schema_name: Identifier | None = None
    encoding: Annotated[str, AfterValidator(_usual_encoding)] = "utf-8"
    separator: Literal[",", ";", "\t", "|"] | None = None
    decimal: Literal[".", ","] | None = None
    date_order: Literal["dmy", "mdy"] | None = None
    zones: str | None = None
    bottles: tuple[str, ...] = ()

    @property
    def amount_basis(self) -> str:
        """net, gross or unknown when one basis holds for all customer types, else mixed."""
        bases = set(self.vat.values())
        return bases.pop() if len(bases) == 1 else "mixed"

    @property
    def digest(self) -> str:
        """A short fingerprint of everything the mapping says (not of where it is kept)."""
        said = self.model_dump_json(exclude={"origin": True, "tables": {"__all__": {"written"}}})
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def their_tables(self) -> set[str]:
        """The names of all tables of theirs that may be read."""
        return {table.table for table in self.tables.values()}


def load_mapping(value: str) -> Mapping:
    """The mapping of a preset name ("3t", "lines") or of a .toml file.

    Raises MappingError with one sentence: no such file, not TOML (with the line), an unknown section or key (with the nearest), or a
    value out of range.
    """
    if value in PRESETS:
        return _validated({"preset": value}, origin=value)
    path = Path(value)
    if path.suffix != ".toml" or not path.is_file():
        raise MappingError(f"INSIGHTS_MAPPING is {_short(value)}; accepted is a .toml file that exists, or one of {', '.join(PRESETS)}.")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise MappingError(f"The mapping {path.name} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"The mapping {path.name} is not valid TOML: {error}.") from None
    except OSError as error:
        raise MappingError(f"The mapping {path.name} cannot be read: {error.strerror}.") from None
    return _validated(document, origin=path.name)


def near_matches(name: str, names: Iterable[str]) -> str:
    """ "; near to it: a, b" or "; there is: a, b, …", for the end of a sentence about a name that does not exist."""
    known = sorted(names)
    lowered: dict[str, str] = {}
    for known_name in known:
        lowered.setdefault(known_name.lower(), known_name)
    near = [lowered[match] for match in difflib.get_close_matches(name.lower()[:200], lowered, n=3, cutoff=0.5)]
    if near:
        return f"; near to it: {', '.join(near)}"
    return f"; there is: {', '.join(known[:8])}{', …' if len(known) > 8 else ''}" if known else "; there is none"


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _validated(document: dict[str, Any], origin: str) -> Mapping:
    preset = document.get("preset", "3t")
    if not isinstance(preset, str) or preset not in PRESETS:
        raise MappingError(f"The mapping {origin} says preset = {_short(str(preset))}; accepted is one of {', '.join(PRESETS)}.")
    defaults = tomllib.loads(PRESETS[preset].toml)
    _check_names(document, preset, origin)
    keys = set(PRESETS[preset].keys)
    values = {key: value for key, value in (defaults | document).items() if key not in keys}
    values["preset"] = preset
    values["vat"] = _vat(values.get("vat", "unknown"), origin)
    if "schema" in values:
        values["schema_name"] = values.pop("schema")
    tables = {name: _table(preset, name, defaults.get(name, {}), document.get(name, {}), origin) for name in sorted(keys)}
    try:
        return Mapping(**values | {"origin": origin, "tables": {name: table for name, table in tables.items() if table}})
    except ValidationError as error:
        raise MappingError(_sentence(error, origin)) from None


def _check_names(document: dict[str, Any], preset: str, origin: str) -> None:
    plain = {"preset", "vat", "vat_rate", "schema", "encoding", "separator", "decimal", "date_order", "zones", "bottles"}
    sections = set(PRESETS[preset].keys)
    for key, value in document.items():
        if key not in plain | sections:
            raise MappingError(f"The mapping {origin} has an unknown key {_short(key)}{near_matches(key, plain | sections)}.")
        if key in sections and not isinstance(value, dict):
            raise MappingError(
                f"The mapping {origin} gives {key} = {_short(str(value))}; expected is a section [{key}] with table and columns."
            )
    zones = document.get("zones")
    if zones is not None and zones not in ("", *GAZETTEERS):
        raise MappingError(f"The mapping {origin} says zones = {_short(str(zones))}; accepted is one of {', '.join(GAZETTEERS)}, or empty.")


def _table(preset: str, name: str, default: dict[str, Any], given: dict[str, Any], origin: str) -> dict[str, Any] | None:
    """The section of one of our tables, preset and person joined; None when neither knows a table for it."""
    merged = default | given | {key: default.get(key, {}) | _section(given, key, name, origin) for key in ("exclude", "known")}
    if not merged.get("table"):
        if given:
            raise MappingError(f'The section [{name}] of the mapping {origin} names no table; add table = "their table".')
        return None
    allowed = allowed_keys(preset, name)
    for key in set(merged) - {"table", "exclude", "known"} - set(allowed):
        raise MappingError(f"The section [{name}] of the mapping {origin} has an unknown key {_short(key)}{near_matches(key, allowed)}.")
    columns = {key: merged[key] for key in allowed if merged.get(key) not in (None, "")}
    absent = [key for key in required_keys(preset, name) if key not in columns]
    if absent:
        raise MappingError(
            f'The section [{name}] of the mapping {origin} does not say which column is {absent[0]}; add {absent[0]} = "their column".'
        )
    if preset == "lines" and name == "order_lines" and "amount" not in columns and not {"quantity", "unit_price"} <= set(columns):
        raise MappingError(f"The section [order_lines] of the mapping {origin} needs amount, or quantity and unit_price.")
    return {
        "table": merged["table"],
        "columns": columns,
        "exclude": merged.get("exclude", {}),
        "known": merged.get("known", {}),
        "written": frozenset(given),
    }


def _section(given: dict[str, Any], key: str, table: str, origin: str) -> dict[str, Any]:
    """The lists per column of [table.exclude] or [table.known]; a single value may stand without brackets."""
    section = given.get(key, {})
    if not isinstance(section, dict):
        raise MappingError(
            f"The mapping {origin} gives {table}.{key} = {_short(str(section))}; expected is a section [{table}.{key}] with lists."
        )
    return {column: tuple(map(str, values if isinstance(values, list) else [values])) for column, values in section.items()}


def _vat(value: Any, origin: str) -> dict[str, Any]:
    if isinstance(value, str):
        value = {"*": value}
    if not isinstance(value, dict) or not value or not set(map(str, value.values())) <= {"net", "gross", "unknown"}:
        raise MappingError(
            f'The mapping {origin} says vat = {_short(str(value))}; accepted is "net", "gross", "unknown", or one per customer type.'
        )
    return value


def _sentence(error: ValidationError, origin: str) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "tables")
    return f"The mapping {origin} gives {where} = {_short(str(first.get('input')))}: {first['msg'].removeprefix('Value error, ')}."
