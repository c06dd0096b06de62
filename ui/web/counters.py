"""Counts requests by rule, method and status and how long they took, and writes it all as Prometheus text."""

import resource
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ml.queries.metrics import Gauge
from ui.web.access import access_for

TEXT = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
SCREENS = "screens"


class Counters:
    """The numbers of this process since its start. Labels come from the registry of paths, never from what a caller typed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, str, int], int] = defaultdict(int)
        self._seconds: dict[str, list[float]] = defaultdict(lambda: [0.0] * (len(BUCKETS) + 2))  # counts per bucket, all, sum

    def note(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        with self._lock:
            self._requests[path, method if method in METHODS else "other", status] += 1
            kept = self._seconds[path]
            for place, edge in enumerate(BUCKETS):
                kept[place] += seconds <= edge
            kept[-2] += 1
            kept[-1] += seconds

    def lines(self) -> list[str]:
        """The counters as lines of Prometheus text."""
        with self._lock:
            requests, seconds = dict(self._requests), {path: list(kept) for path, kept in self._seconds.items()}
        found = _head("insights_http_requests_total", "counter", "Requests answered since the start.")
        for (path, method, status), count in sorted(requests.items()):
            found.append(_line("insights_http_requests_total", {"path": path, "method": method, "status": str(status)}, count))
        found += _head("insights_http_request_seconds", "histogram", "Seconds until the answer began.")
        for path, kept in sorted(seconds.items()):
            for edge, below in zip((*(str(edge) for edge in BUCKETS), "+Inf"), kept[:-1], strict=True):
                found.append(_line("insights_http_request_seconds_bucket", {"path": path, "le": edge}, below))
            found.append(_line("insights_http_request_seconds_count", {"path": path}, kept[-2]))
            found.append(_line("insights_http_request_seconds_sum", {"path": path}, kept[-1]))
        peak_kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found += _head("insights_process_peak_memory_bytes", "gauge", "The most memory this process has held.")
        return [*found, _line("insights_process_peak_memory_bytes", {}, peak_kilobytes * 1024)]


class CountRequests:
    """ASGI middleware that tells `counters` of every http request."""

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        self.app = app
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and count when the answer begins."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                path = access_for(scope).path or SCREENS
                self._counters.note(path, scope["method"], message["status"], time.perf_counter() - began)
            await send(message)

        await self.app(scope, receive, send_counted)


def prometheus_text(counters: Counters, gauges: Iterable[Gauge]) -> str:
    """Everything in the Prometheus text format, version 0.0.4."""
    found = counters.lines()
    for gauge in gauges:
        found += _head(gauge.name, "gauge", gauge.meaning)
        found += [_line(gauge.name, sample.labels, sample.value) for sample in gauge.samples]
    return "\n".join(found) + "\n"


def _head(name: str, kind: str, meaning: str) -> list[str]:
    return [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    number = str(int(value)) if float(value).is_integer() else repr(float(value))
    return f"{name}{{{told}}} {number}" if told else f"{name} {number}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
