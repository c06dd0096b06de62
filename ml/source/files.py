"""A folder of CSV and Parquet files as an in-memory SQLite database: a file is a table of the same name.

CSV columns stay text (what is a number is the mapping's matter); Parquet columns keep numbers as numbers, days as ISO text.
"""

import codecs
import csv
import itertools
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from ml.source.errors import SourceError, SourceUnreachable

CHUNK_ROWS = 20_000
SEPARATORS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 30


class Format(NamedTuple):
    """How CSV files are written: encoding, and separator (None = found out per file)."""

    encoding: str = "utf-8"
    separator: str | None = None


def load_folder(folder: Path, *, tables: Collection[str] | None, form: Format) -> sa.Engine:
    """An engine over the folder's files `<table>.csv`, `<table>_rows.csv` and `<table>.parquet` (of the names in `tables`, if given).

    Raises SourceUnreachable when the folder is missing and SourceError when a file cannot be understood.
    """
    folder = folder.expanduser()
    if not folder.is_dir():
        raise SourceUnreachable(f"The folder csv:{folder} does not exist; check the path in INSIGHTS_SOURCE.")
    files = find_files(folder)
    if not files:
        raise SourceError(f"The folder csv:{folder} has no .csv or .parquet file; put one file per table there.")
    engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True)
    with engine.begin() as connection:
        for name, path in files.items():
            if tables is not None and name not in tables:
                _fill(connection, name, {"column_1": sa.Text()}, ())  # its name is known, its content is nobody's business
                continue
            columns, rows = _open_parquet(path) if path.suffix.lower() == ".parquet" else _open_csv(path, form)
            _fill(connection, name, columns, rows)
    return engine


def find_files(folder: Path) -> dict[str, Path]:
    """table name -> its file. `x_rows.csv` is the table x; two files for one table are refused."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.suffix.lower() not in (".csv", ".parquet"):
            continue
        name = path.stem.removesuffix("_rows") if path.suffix.lower() == ".csv" else path.stem
        if name in found:
            raise SourceError(f"The files {found[name].name} and {path.name} are both the table {name}; keep one of them.")
        found[name] = path
    return found


def _fill(
    connection: sa.Connection, name: str, columns: dict[str, sa.types.TypeEngine[Any]], rows: Iterable[list[tuple[Any, ...]]]
) -> None:
    table = sa.Table(name, sa.MetaData(), *(sa.Column(column, kind, quote=True) for column, kind in columns.items()), quote=True)
    table.create(connection)
    statement = str(table.insert().compile(dialect=connection.dialect))
    for chunk in rows:
        if chunk:
            connection.exec_driver_sql(statement, chunk)


def _open_parquet(path: Path) -> tuple[dict[str, sa.types.TypeEngine[Any]], Iterator[list[tuple[Any, ...]]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"The file {path.name} is not a readable Parquet file ({str(error)[:120]}); write it again.") from None
    columns = {field.name: _type_of(field.type) for field in file.schema_arrow}
    return columns, _parquet_rows(file)


def _type_of(kind: Any) -> sa.types.TypeEngine[Any]:
    import pyarrow.types as kinds

    if kinds.is_integer(kind) or kinds.is_boolean(kind):
        return sa.BigInteger()
    if kinds.is_floating(kind) or kinds.is_decimal(kind):
        return sa.Float()
    return sa.Text()


def _parquet_rows(file: Any) -> Iterator[list[tuple[Any, ...]]]:
    import pyarrow as pa

    for batch in file.iter_batches(CHUNK_ROWS):
        texts = [_storable(pa, column).to_pylist() for column in batch.columns]
        yield list(zip(*texts, strict=True))


def _storable(pa: Any, column: Any) -> Any:
    """Decimals as floats, everything that is neither text nor number as ISO text."""
    kind = column.type
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_boolean(kind):
        return column.cast(pa.int8())
    if pa.types.is_dictionary(kind):
        return _storable(pa, column.dictionary_decode())
    if pa.types.is_temporal(kind):
        return column.cast(pa.string())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column
    return pa.array([None if value is None else str(value) for value in column.to_pylist()])


def _open_csv(path: Path, form: Format) -> tuple[dict[str, sa.types.TypeEngine[Any]], Iterator[list[tuple[Any, ...]]]]:
    encoding = "utf-8-sig" if form.encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig") else form.encoding
    _check_encoding(path, encoding)
    separator = form.separator or find_separator(path, encoding)
    header = _header(path, encoding, separator)
    return {name: sa.Text() for name in header}, _csv_rows(path, encoding, separator, len(header))


def _check_encoding(path: Path, encoding: str) -> None:
    """Decode the whole file once in pieces; a byte that does not fit is named with its place."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                wrong = f"byte 0x{error.object[error.start]:02x} at position {read - pending + error.start}"
                raise SourceError(
                    f"The file {path.name} is not {encoding.removesuffix('-sig')} text ({wrong}); save it as UTF-8,"
                    ' or say encoding = "latin-1" in the mapping if that is how it was written.'
                ) from None
            read += len(piece)
    if read == 0:
        raise SourceError(f"The file {path.name} is empty; its first line must name the columns.")


def find_separator(path: Path, encoding: str) -> str:
    """The separator under which the first rows have the same number of columns, and most of them; "," for a single column."""
    scores = {}
    for separator in SEPARATORS:
        with path.open(encoding=encoding, newline="") as file:
            widths = [len(row) for row, _ in zip(csv.reader(file, delimiter=separator), range(_SAMPLE_ROWS), strict=False) if row]
        even = sum(width == widths[0] for width in widths) / len(widths) if widths else 0
        scores[separator] = (even if widths and widths[0] > 1 else 0, widths[0] if widths else 0)
    return max(SEPARATORS, key=lambda separator: scores[separator])


def _header(path: Path, encoding: str, separator: str) -> list[str]:
    with path.open(encoding=encoding, newline="") as file:
        first = next(csv.reader(file, delimiter=separator), [])
    names = [name.strip() or f"column_{place}" for place, name in enumerate(first, start=1)]
    folded = [name.lower() for name in names]
    twice = next((name for name in names if folded.count(name.lower()) > 1), None)
    if not names or twice:
        what = f"has two columns named {twice!r}" if twice else "has no header line"
        raise SourceError(f"The file {path.name} {what}; each column needs a name of its own.")
    return names


def _csv_rows(path: Path, encoding: str, separator: str, width: int) -> Iterator[list[tuple[Any, ...]]]:
    with path.open(encoding=encoding, newline="") as file:
        rows = csv.reader(file, delimiter=separator)
        next(rows, None)
        try:
            while chunk := [_cells(row, width, path.name, rows.line_num) for row in itertools.islice(rows, CHUNK_ROWS)]:
                yield [row for row in chunk if row]
        except csv.Error as error:
            raise SourceError(f"The file {path.name} is not readable CSV at line {rows.line_num} ({error}); write it again.") from None


def _cells(row: list[str], width: int, file: str, line: int) -> tuple[str | None, ...]:
    if row and len(row) != width:
        raise SourceError(
            f"The file {file} has {len(row)} columns near line {line} and {width} in its header; check its separator and quotes,"
            " or name the separator in the mapping."
        )
    return tuple(cell or None for cell in row)
