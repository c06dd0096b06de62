"""Hostile names stay words in every channel, and a message comes back from the outbox as it went in."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.notify.chart import png
from ml.notify.messages import Chart, clean, clean_lines, message_of
from ml.notify.rendering import (
    SLACK_SECTION,
    WORD_JOINER,
    as_html,
    as_json,
    as_short,
    as_slack,
    as_text,
    html_body,
    slack_lines,
)
from tests.unit.notify.sending import HOSTILE, NOON, message


def slack_texts(payload: dict) -> list[str]:
    return [payload["text"], *(block["text"]["text"] for block in payload["blocks"][1:])]


@given(st.text(max_size=300))
def test_no_text_leaves_its_line_or_turns_its_direction(text):
    kept = clean(text)
    assert len(kept) <= 2_000 and not any(sign in kept for sign in "\r\n\t\x00\x1b\u2028\u2029\u202e\u2066\u200b")
    assert kept == clean(kept)


def test_a_log_keeps_its_lines_and_only_the_last():
    assert clean_lines("a\nb\x1b[31m\nc\n", 2) == "b[31m\nc"


def test_slack_calls_nobody_formats_nothing_and_links_only_our_app():
    payload = as_slack(message())
    for text in slack_texts(payload):
        rest = text.replace("<https://insights.example.com/churn|Abrir>", "")
        rest = re.sub(r"\*<https://insights\.example\.com/churn\?customer=c%261\|[^<>]*>\*", "", rest)
        assert "<" not in rest and ">" not in rest and "http://evil" not in rest
        assert "&lt;!channel&gt;" in text or "channel" not in text
        assert all(f"{sign}{WORD_JOINER}" in rest for sign in "`" if sign in rest)
    assert payload["blocks"][0]["text"]["type"] == "plain_text" and payload["unfurl_links"] is False
    assert all(block["text"]["verbatim"] for block in payload["blocks"][1:])
    assert "<!channel> <b>*Ana*" in slack_lines(payload) and "Abrir (https://insights.example.com/churn)" in slack_lines(payload)


def test_slack_takes_no_more_than_its_limits():
    table = message().table
    many = message(table=table.__class__(table.head, (("&" * 60, "x" * 800),) * 50, table.align), title="t" * 400)
    payload = as_slack(many)
    assert len(payload["blocks"]) <= 50 and all(len(text) <= SLACK_SECTION for text in slack_texts(payload))
    assert len(payload["blocks"][0]["text"]["text"]) <= 150


def test_html_holds_no_markup_of_others_and_the_preview_is_what_is_sent():
    said = message(log="<script>alert(1)</script>")
    page = as_html(said, "cid:chart@example.com")
    assert "<script" not in page and "<b>" not in page and "http://evil" not in page and "&lt;!channel&gt;" in page
    assert html_body(said, "cid:chart@example.com") in page and page.count("<img") == 1 and "<img" not in as_html(said)


def test_the_name_of_a_row_leads_to_its_customer_where_a_channel_can_say_so():
    said, address = message(), "https://insights.example.com/churn?customer=c%261"
    assert f'<a href="{address}"' in as_html(said) and as_html(said).count("churn?customer=") == 1
    assert f"1. <!channel> <b>*Ana* & `Söhne`</b> http://evil.example $1$ Bcc: eve@example.com abc ({address}) ·" in slack_lines(
        as_slack(said)
    )
    assert as_json(said, key="k", created_at=NOON)["table"]["links"] == [address]
    assert address not in as_text(said) + as_short(said)


def test_text_short_and_json():
    said = message()
    assert "Cliente" in as_text(said) and "http://evil" not in as_text(said) and as_text(said).count("\n42") == 0
    assert as_short(said).splitlines()[-1] == "https://insights.example.com/churn"
    told = as_json(said, key="churn_alerts:7", created_at=NOON)
    assert (told["created_at"], told["idempotency_key"], told["facts"]) == ("2026-11-02T15:00:00Z", "churn_alerts:7", {"at_risk": 2})


def test_a_message_comes_back_from_the_outbox_as_it_was():
    said = message(log="a\nb", report_of_run=3)
    back = message_of(json.loads(json.dumps(said.as_dict())))
    assert back == said and as_slack(back) == as_slack(said)


@pytest.mark.parametrize("labels", [("lun 2", "mar 3"), ("Ana $x$ Rojas", clean(HOSTILE))])
def test_a_chart_is_a_picture_of_any_name(labels):
    assert png(Chart("alt", labels, (1.0, 0.0))).startswith(b"\x89PNG")
    assert png(Chart("alt", labels, (0.0, 0.0), (0.0, 0.0), (1.0, 2.0))) != png(Chart("alt", labels, (1.0, 0.0)))
