"""The weather forecast of a small server: read as rows, and every bad answer is one sentence."""

import json
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from ml.source.open_meteo import WeatherError, fetch_forecast

TODAY = date(2026, 11, 21)
DAILY = {
    "time": ["2026-11-21", "2026-11-22"],
    "temperature_2m_max": [27.5, 31.0],
    "temperature_2m_min": [11.0, None],
    "relative_humidity_2m_mean": [40, 35],
    "precipitation_sum": [0.0, 1.2],
}


@pytest.fixture
def served():
    """`served(body, status)` gives the address of a server that answers so; its last question is in `served.asked`."""
    asked: list[str] = []

    def serve(body: str, status: int = 200) -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_args) -> None: ...

        server = HTTPServer(("127.0.0.1", 0), Answer)
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/v1/forecast"

    servers: list[HTTPServer] = []
    serve.asked = asked
    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_days_come_back_as_rows_and_only_the_depot_is_told(served):
    rows = fetch_forecast(served(json.dumps({"daily": DAILY})), -33.4489, -70.6693, TODAY, "America/Santiago")
    assert [row["date"] for row in rows] == [date(2026, 11, 21), date(2026, 11, 22)]
    assert rows[1] == {
        "issued_at": TODAY, "date": date(2026, 11, 22), "temp_max_c": 31.0, "temp_min_c": None, "humidity": 35.0, "precip_mm": 1.2
    }  # fmt: skip
    query = parse_qs(urlsplit(served.asked[0]).query)
    assert query["latitude"] == ["-33.449"] and query["forecast_days"] == ["16"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("no json", 200),
        ("[]", 200),
        ("{}", 200),
        (json.dumps({"daily": {"time": []}}), 200),
        (json.dumps({"daily": DAILY | {"precipitation_sum": [1.0]}}), 200),
        (json.dumps({"daily": DAILY}), 500),
    ],
)
def test_a_bad_answer_is_one_sentence(served, body, status):
    with pytest.raises(WeatherError, match="There is no weather forecast today"):
        fetch_forecast(served(body, status), -33.4, -70.7, TODAY, "America/Santiago")


def test_a_server_that_is_not_there_is_one_sentence():
    with pytest.raises(WeatherError, match="ConnectionError"):
        fetch_forecast("http://127.0.0.1:9/v1/forecast", -33.4, -70.7, TODAY, "America/Santiago")
