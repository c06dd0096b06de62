"""The visitors of the bench and the soak: they see what a run shows, and count what it costs."""

import os

import pytest
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.bench import soak
from tests.bench.visitors import NAMES, cpu_seconds, crowd, faults, filled_home, memory_mb
from tests.web.served import serve


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    home = tmp_path_factory.mktemp("visited")
    filled_home(home, 60)
    served = serve(home)
    yield served
    served.stop()
    served.store.dispose()


def shown(**alert) -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.alert.MergeFrom(Alert(**alert))
    return message


def ended(how: int) -> ForwardMsg:
    message = ForwardMsg()
    message.script_finished = how
    return message


def test_two_people_see_every_screen_without_a_fault(app):
    tally = crowd(app, 2, switches=len(NAMES), pause=0.0)
    assert tally.errors == []
    assert len(tally.seconds) == len(tally.sizes) == 2 * len(NAMES)
    assert 0 < tally.milliseconds(0.5) <= tally.milliseconds(0.95)
    assert min(tally.sizes) > 1_000
    assert cpu_seconds(app.process.pid) > 0
    assert memory_mb(app.process.pid) > 50


def test_a_session_that_is_refused_is_an_error(app, monkeypatch):
    monkeypatch.setattr(type(app), "session_of", lambda self, name: "forged")
    assert len(crowd(app, 1, switches=1, pause=0.0).errors) == 1


def test_what_counts_as_a_fault():
    well = [shown(body="Late", format=Alert.WARNING), ended(ForwardMsg.FINISHED_SUCCESSFULLY)]
    assert faults(well) == []
    ill = [shown(body="Error 7f3a", format=Alert.ERROR), ended(ForwardMsg.FINISHED_WITH_COMPILE_ERROR)]
    assert faults(ill) == ["Error 7f3a", f"ended with {ForwardMsg.FINISHED_WITH_COMPILE_ERROR}"]


@pytest.mark.parametrize("came", ["soon", "0", "-3", "1e9", "nan"])
def test_a_soak_wants_a_sensible_length(monkeypatch, came):
    monkeypatch.setenv("SOAK_MINUTES", came)
    with pytest.raises(SystemExit, match=r"accepted is a number of minutes from 0\.1 to 1440"):
        soak.minutes()


def test_a_soak_takes_an_hour_unless_told(monkeypatch):
    monkeypatch.delenv("SOAK_MINUTES", raising=False)
    assert soak.minutes() == 60
    assert os.environ.get("SOAK_MINUTES") is None
