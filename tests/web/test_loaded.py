"""The fitted models in service: loaded once, anew when another release is in service, with the rates of today."""

from datetime import timedelta

import pytest

from ml.store.pointers import serve
from ml.store.releases import ReleaseError
from ml.store.values import set_preference
from tests.people import NOW, quick_store
from tests.web.models import put_in_service, settings_of
from ui import loaded


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """Which releases were read from disk, in order."""
    found: list[str] = []

    def counted(connection, models, predictor, key):
        answer = serve(connection, models, predictor, key)
        found.append(answer.release_id)
        return answer

    monkeypatch.setattr(loaded, "serve", counted)
    return found


def test_a_release_is_read_once_and_a_new_one_is_picked_up(tmp_path, opened):
    values = settings_of(tmp_path)
    models = loaded.LoadedModels(lambda: values)
    with quick_store().begin() as connection:
        assert models.serving(connection, "price") is None
        first = put_in_service(connection, tmp_path, NOW)
        assert [models.serving(connection, "price").release_id for _ in range(3)] == [first] * 3
        second = put_in_service(connection, tmp_path, NOW + timedelta(days=1))
        assert models.serving(connection, "price").release_id == second
    assert opened == [first, second]


def test_preferences_of_today_count_without_changing_what_others_hold(tmp_path):
    values = settings_of(tmp_path)
    models = loaded.LoadedModels(lambda: values)
    with quick_store().begin() as connection:
        put_in_service(connection, tmp_path, NOW)
        before = models.serving(connection, "route_cost").predictor
        set_preference(connection, "cost_per_km", 9999, who="admin@example.com", at=NOW)
        after = models.serving(connection, "route_cost").predictor
    assert (after.company.preferences.cost_per_km, after.model_ is before.model_) == (9999, True)
    assert before.company.preferences.cost_per_km != 9999


def test_a_release_signed_with_another_key_is_refused_each_time_until_it_is_right(tmp_path):
    values = settings_of(tmp_path)
    keys = [values.model_copy(update={"secret_key": type(values.secret_key)("another-key-" * 4)}), values]
    models = loaded.LoadedModels(lambda: keys[0])
    with quick_store().begin() as connection:
        put_in_service(connection, tmp_path, NOW)
        for _ in range(2):
            with pytest.raises(ReleaseError, match="signed with another INSIGHTS_SECRET_KEY"):
                models.serving(connection, "price")
        keys.pop(0)
        assert models.serving(connection, "price").predictor.model_.products == ("P1",)
