"""People are found by what a person would type, and what is typed stays data."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from ml.store.searching import matches, search_text, searchable

PEOPLE = {
    "c-1": ("Ana Ñúñez Pérez", "+56 9 1234 5678"),
    "c-2": ("Café «El Águila» 50%", "22 987 6543"),
    "c-3": ("O'Higgins; DROP TABLE x", None),
    "c-4": (None, "no phone"),
    "c-5": ("Ana\u200b Mar\u00edn\u202e", ""),
}


@pytest.fixture(scope="module")
def find():
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    table = sa.Table("people", sa.MetaData(), sa.Column("key", sa.Text), sa.Column("search", sa.Text))
    table.create(engine)
    with engine.begin() as connection:
        rows = [{"key": key, "search": search_text(key, name, phone)} for key, (name, phone) in PEOPLE.items()]
        connection.execute(sa.insert(table), rows)

    def ask(wanted: str) -> list[str]:
        with engine.connect() as connection:
            return list(connection.execute(sa.select(table.c.key).where(matches(table.c.search, wanted)).order_by(table.c.key)).scalars())

    return ask


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("ana", ["c-1", "c-5"]),
        ("NUNEZ", ["c-1"]),
        ("pérez ana", ["c-1"]),
        ("nun\u0303ez", ["c-1"]),
        ("a\u200bn\u200ba \u202emarin", ["c-5"]),
        ("12345678", ["c-1"]),
        ("+56 (9) 1234-5678", ["c-1"]),
        ("9 1234 5678", ["c-1"]),
        ("229876543", ["c-2"]),
        ("c-3", ["c-3"]),
        ("cafe 50%", ["c-2"]),
        ("%", []),
        ("_", []),
        ("\x00", []),
        ("'; DROP TABLE people; --", []),
        ("o higgins drop", ["c-3"]),
        ("", []),
        ("ana" * 200, []),
    ],
)
def test_what_is_found(find, wanted, found):
    assert find(wanted) == found


@given(st.text())
def test_any_text_is_searchable_and_stays_so(text):
    once = searchable(text)
    assert searchable(once) == once
    assert once == once.strip()
    assert all(word.isalnum() for word in once.split())


@given(st.text(max_size=60))
def test_any_name_is_found_by_itself(find, name):
    row = search_text("k", name, None)
    assert all(word in row for word in searchable(name).split())
