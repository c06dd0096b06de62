"""How fast the outbox is drained to servers on this machine: 1,000 messages by webhook, Slack, and e-mail with a chart."""

import tempfile
import time
from pathlib import Path

from ml.notify.deliver import drain
from tests.outside import post_office, web
from tests.unit.notify.sending import NOON, SECRET, letter, message, own_settings, store_of

MESSAGES = 1_000
LIMIT = 50


def report() -> list[str]:
    """A table: channel, messages, seconds, messages a second, what arrived."""
    lines = ["| channel | messages | seconds | a second | arrived | limit |", "|---|---|---|---|---|---|"]
    with web() as server, post_office() as (box, port):
        hooks = {"webhook_url": server.url, "webhook_secret": SECRET, "slack_webhook_url": server.url}
        mail = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "smtp_from": "insights@example.com"}
        for channel in ("webhook", "slack", "email"):
            with tempfile.TemporaryDirectory() as folder:
                settings = own_settings(Path(folder), **(mail if channel == "email" else hooks))
                said = [letter(str(n), channel, f"r{n}@example.com" if channel == "email" else "", said=message()) for n in range(MESSAGES)]
                store = store_of(settings, *said)
                before, began = len(server.requests) + len(box.mails), time.monotonic()
                drain(settings, store, NOON, limit=MESSAGES)
                took = time.monotonic() - began
                arrived = len(server.requests) + len(box.mails) - before
                lines.append(f"| {channel} | {MESSAGES:,} | {took:.1f} | {MESSAGES / took:.0f} | {arrived:,} | ≥ {LIMIT} |")
    return lines
