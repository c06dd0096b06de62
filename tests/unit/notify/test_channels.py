"""Every channel against a real server: what arrives, and what each answer means for the message."""

import email.utils
import hashlib
import hmac
import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ml.notify import mail, posting
from ml.notify.channels import CHANNELS, target_name
from ml.notify.rendering import as_slack
from ml.store.preferences import Channel, Preferences
from tests.outside import post_office, web
from tests.unit.notify.sending import SECRET, drained, letter, message, own_settings, states, store_of, tries

SMTP = {"smtp_host": "127.0.0.1", "smtp_from": "insights@example.com", "smtp_security": "none"}


def test_every_channel_may_be_chosen_and_no_other():
    assert {channel.name for channel in CHANNELS} == set(Channel.__args__) == set(Preferences().sales_channels)


def test_slack_gets_what_the_preview_shows(tmp_path):
    with web() as server:
        settings = own_settings(tmp_path, slack_webhook_url=f"{server.url}/services/T/B/x")
        store = store_of(settings, letter())
        assert drained(settings, store) == {"sent": 1}
        (request,) = server.requests
    assert request.path == "/services/T/B/x" and json.loads(request.body) == as_slack(message())
    assert states(store) == [("slack", "sent", None)] and drained(settings, store, 60) == {}


@pytest.mark.parametrize(
    ("answer", "minutes", "state", "code"),
    [
        ((429, {"Retry-After": "120"}, b""), 2, "queued", "http_429"),
        ((500, {}, b"oops"), 1, "queued", "http_500"),
        ((503, {"Retry-After": "600"}, b""), 10, "queued", "http_503"),
        ((404, {}, b"no_service"), 1, "queued", "http_404"),
        ((302, {"Location": "http://evil.example/"}, b""), 1, "queued", "http_302"),
        ((400, {}, b"invalid_payload"), None, "dead", "http_400 invalid_payload"),
        ((400, {}, b"https://hooks/secret refused"), None, "dead", "http_400"),
        ("hang", 1, "queued", "time_out"),
    ],
)  # fmt: skip
def test_what_an_answer_means(tmp_path, monkeypatch, answer, minutes, state, code):
    monkeypatch.setattr(posting, "READ_SECONDS", 0.3)
    with web() as server:
        settings = own_settings(tmp_path, slack_webhook_url=server.url)
        store = store_of(settings, letter("a"), letter("b"))
        server.answers = [answer]
        drained(settings, store)
        assert tries(store)[0][1] == code and states(store)[0][1] == state
        seen = len(server.requests)
        if minutes is None:
            assert (seen, states(store)[1][1]) == (2, "sent")  # this one's fault: the next goes on
            return
        assert seen == 1 and states(store)[1] == ("slack", "queued", None)  # the address does not answer: the others wait
        assert drained(settings, store, minutes - 0.2) == {}
        assert drained(settings, store, minutes + 0.2) == {"sent": 2}
    assert len(server.requests) == 3


def test_nobody_there(tmp_path):
    with web() as server:
        url = server.url
    settings = own_settings(tmp_path, slack_webhook_url=url)
    store = store_of(settings, letter())
    assert drained(settings, store) == {"retry": 1} and tries(store) == [("retry", "no_connection")]


def test_retry_after_as_seconds_date_and_nonsense():
    soon = email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 <= posting.waiting(soon).total_seconds() <= 90
    for text, seconds in (("7", 7), ("-5", 60), (None, 60), ("99999999999", 60), ("500000", 6 * 3600), ("0", 60)):
        assert posting.waiting(text).total_seconds() == seconds


def test_webhook_is_signed_and_carries_its_key(tmp_path):
    with web() as server:
        settings = own_settings(tmp_path, webhook_url=f"{server.url}/hook", webhook_secret=SECRET)
        store = store_of(settings, letter(channel="webhook"))
        assert drained(settings, store) == {"sent": 1}
        (request,) = server.requests
    stamp, body = request.headers["X-Insights-Timestamp"], request.body
    signed = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert request.headers["X-Insights-Signature"] == f"sha256={signed}"
    told = json.loads(body)
    assert request.headers["Idempotency-Key"] == told["idempotency_key"] == "churn_alerts:7"
    assert told["facts"] == {"at_risk": 2} and told["table"]["columns"] == ["Cliente", "Riesgo"]


def test_apprise_targets_fail_apart(tmp_path):
    with web() as good, web() as bad:
        addresses = [server.url.replace("http://", "json://") for server in (bad, good)]
        settings = own_settings(tmp_path, apprise_urls=" ".join(addresses))
        names = [target_name(address) for address in addresses]
        letters = [letter(key, "apprise", name) for key in ("a", "b") for name in names]
        store = store_of(settings, *letters, letter("c", "apprise", "tgram-12345678"))
        bad.answers = [(500, {}, b"")]
        assert drained(settings, store) == {"sent": 2, "retry": 1, "dead": 1}
        assert (len(bad.requests), len(good.requests)) == (1, 2)
        assert drained(settings, store, 1.2) == {"sent": 2}
    told = json.loads(good.requests[0].body)
    assert "https://insights.example.com/churn" in told["message"] and "1. Ana" in told["message"]
    assert states(store)[-1] == ("apprise", "dead", "unknown_target")


def test_a_mail_arrives_with_text_html_picture_and_its_lasting_id(tmp_path):
    with post_office() as (box, port):
        settings = own_settings(tmp_path, smtp_port=port, **SMTP)
        store = store_of(settings, letter(channel="email", recipient="ana@example.com"))
        assert drained(settings, store) == {"sent": 1}
        ((to, arrived),) = box.mails
    assert to == arrived["To"] == "ana@example.com" and arrived["From"] == "3T Insights <insights@example.com>"
    assert arrived["Message-ID"] == mail.message_id("churn_alerts:7", "ana@example.com", "insights@example.com")
    assert mail.message_id("churn_alerts:8", "ana@example.com", "x@example.com") != arrived["Message-ID"]
    assert arrived["Bcc"] is None and "\n" not in arrived["Subject"] and "Bcc: eve@example.com" in arrived["Subject"]
    plain, page = arrived.get_body(("plain",)).get_content(), arrived.get_body(("html",)).get_content()
    assert "Pérdida esperada: $ 120.000" in plain and "https://insights.example.com/churn" in plain
    assert "<b>" not in page and "&lt;b&gt;" in page and 'src="cid:chart@example.com"' in page
    (picture,) = [part for part in arrived.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<chart@example.com>" and picture.get_content().startswith(b"\x89PNG")
    assert picture.get_content_disposition() == "inline"


@pytest.mark.parametrize(
    ("replies", "outcome", "code", "second"),
    [
        ([("rcpt", "450 4.2.1 mailbox busy ana@example.com")], "retry", "smtp_450", "sent"),
        ([("rcpt", "550 5.1.1 no such user ana@example.com")], "dead", "smtp_550", "sent"),
        ([("data", "451 4.3.0 try later")], "retry", "smtp_451", "sent"),
        ([("data", "554 5.7.1 spam")], "dead", "smtp_554", "sent"),
        ([("data", "421 4.3.2 closing")], "retry", "smtp_421", "queued"),
        ([("cut", "")], "retry", "connection_lost", "queued"),
    ],
)  # fmt: skip
def test_what_a_mail_servers_answer_means(tmp_path, replies, outcome, code, second):
    with post_office() as (box, port):
        settings = own_settings(tmp_path, smtp_port=port, **SMTP)
        store = store_of(settings, *(letter(key, "email", f"{key}@example.com") for key in ("a", "b")))
        box.replies = list(replies)
        drained(settings, store)
        assert tries(store)[0] == (outcome, code) and states(store)[1][1] == second
        drained(settings, store, 2)
    assert [state for _, state, _ in states(store)] == ["dead" if outcome == "dead" else "sent", "sent"]
    ids = [arrived["Message-ID"] for _, arrived in box.mails]
    assert len(ids) - len(set(ids)) == (code == "connection_lost")  # the copy that may be a second one bears the same id


def test_no_mail_server_leaves_the_other_channels(tmp_path):
    with web() as server:
        with post_office() as (_, port):
            pass
        settings = own_settings(
            tmp_path, smtp_port=port, slack_webhook_url=server.url, webhook_url=server.url, webhook_secret=SECRET, **SMTP
        )
        store = store_of(settings, letter(channel="email", recipient="ana@example.com"), letter(), letter(channel="webhook"))
        assert drained(settings, store) == {"retry": 1, "sent": 2}
    assert [state for _, state, _ in states(store)] == ["queued", "sent", "sent"] and ("retry", "no_connection") in tries(store)


def test_mail_is_never_sent_in_clear_where_encryption_is_asked_for(tmp_path):
    with post_office() as (box, port):
        settings = own_settings(tmp_path, smtp_port=port, **(SMTP | {"smtp_security": "starttls"}))
        store = store_of(settings, letter(channel="email", recipient="ana@example.com"))
        assert drained(settings, store) == {"retry": 1} and box.mails == []
    assert tries(store) == [("retry", "smtp_no_tls")]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_encrypted_to_a_server_whose_certificate_is_known(tmp_path, monkeypatch, security):
    certificate, key = certificate_for_this_machine(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    options = {"ssl_context": context} if security == "tls" else {"tls_context": context, "require_starttls": True}
    with post_office(**options) as (box, port):
        settings = own_settings(tmp_path, smtp_port=port, **(SMTP | {"smtp_security": security}))
        store = store_of(settings, letter(channel="email", recipient="ana@example.com"))
        assert drained(settings, store) == {"retry": 1} and tries(store) == [("retry", "tls_failed")]
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert drained(settings, store, 2) == {"sent": 1} and len(box.mails) == 1


def test_the_report_goes_with_the_mail_once_it_is_written(tmp_path):
    with post_office() as (box, port):
        settings = own_settings(tmp_path, smtp_port=port, **SMTP)
        told = message(kind="run_done", report_of_run=7, chart=None)
        now = mail.clock.utc_now()
        store = store_of(settings, letter(channel="email", recipient="ana@example.com", said=told), now=now)
        assert mail_drain(settings, store, now) == {"waits": 1} and tries(store) == [("waits", "report_not_written")]
        (tmp_path / "reports").mkdir()
        (tmp_path / "reports" / "retrain-20261102T050000Z-7.md").write_text("# Retrain\n")
        assert mail_drain(settings, store, now + timedelta(seconds=20)) == {"sent": 1}
        (attached,) = list(box.mails[0][1].iter_attachments())
    assert attached.get_filename() == "retrain-20261102T050000Z-7.md" and "# Retrain" in attached.get_content()


def test_a_report_that_never_comes_does_not_hold_the_mail_for_ever(tmp_path):
    with post_office() as (box, port):
        settings = own_settings(tmp_path, smtp_port=port, **SMTP)
        store = store_of(settings, letter(channel="email", recipient="ana@example.com", said=message(report_of_run=7)))
        assert drained(settings, store) == {"sent": 1} and len(box.mails) == 1  # NOON is long past


def mail_drain(settings, store, now):
    from ml.notify.deliver import drain

    return drain(settings, store, now)


def certificate_for_this_machine(folder):
    """A certificate for 127.0.0.1 and its key, as files."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begun = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(begun).not_valid_after(begun + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return certificate, secret


def test_the_documented_check_of_the_signature_works(tmp_path):
    text = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    known: dict = {}
    exec(code, known)  # noqa: S102 - the example of our own document
    with web() as server:
        settings = own_settings(tmp_path, webhook_url=server.url, webhook_secret=SECRET)
        drained(settings, store_of(settings, letter(channel="webhook")))
    request = server.requests[0]
    assert known["is_ours"](SECRET, request.headers, request.body)
    assert not known["is_ours"]("another-secret", request.headers, request.body)
    assert not known["is_ours"](SECRET, request.headers, request.body + b" ")
