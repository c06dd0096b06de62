"""E-mail: a message as MIME with text, HTML, the chart inside and the report attached; sent over one SMTP connection per drain."""

import hashlib
import smtplib
import socket
import ssl
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from types import TracebackType
from typing import Self

from ml import clock
from ml.notify.chart import png
from ml.notify.messages import Message, clean
from ml.notify.posting import Outcome
from ml.notify.rendering import as_html, as_text
from ml.reports import files
from ml.settings import Settings
from ml.store.outbox import Claimed, Result

SENDER_NAME = "3T Insights"
SECONDS = 15
REPORT_WAITS = timedelta(minutes=2)
REPORT_PAUSE = timedelta(seconds=15)
PERMANENT = 500
CHART = "chart"


class SmtpSender:
    """Sends over one connection, opened at the first message and again after it was lost."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    def __call__(self, letter: Claimed, message: Message) -> Outcome:
        """Send one message; every refusal and failure becomes an outcome."""
        report = report_of(self._settings, message)
        if message.report_of_run is not None and report is None and clock.utc_now() - letter.created_at < REPORT_WAITS:
            return Outcome(Result("waits", "report_not_written", REPORT_PAUSE))
        mail = mime(self._settings, letter, message, report)
        try:
            server = self._server or self._connect()
        except (OSError, smtplib.SMTPException) as error:
            self._close()
            return Outcome(Result("retry", code_of(error)), down=True)
        try:
            server.send_message(mail, from_addr=self._settings.smtp_from, to_addrs=[letter.recipient])
        except smtplib.SMTPRecipientsRefused as error:
            return self._after(next(iter(error.recipients.values()))[0], "recipient")
        except smtplib.SMTPSenderRefused as error:
            return self._after(error.smtp_code, "sender")
        except smtplib.SMTPResponseException as error:
            return self._after(error.smtp_code, "message")
        except (OSError, smtplib.SMTPException) as error:  # perhaps it arrived: the Message-ID stays the same for the next try
            self._close()
            return Outcome(Result("retry", code_of(error)), down=True)
        return Outcome(Result("sent", "smtp_250"))

    def _after(self, code: int, whose: str) -> Outcome:
        """What a refusal means: for good and this message's fault, or for now."""
        self._close()  # whatever state the dialogue is in, the next message begins a new one
        told = f"smtp_{code}"
        if code >= PERMANENT and whose != "sender":
            return Outcome(Result("dead", told))
        return Outcome(Result("retry", told), down=whose == "sender" or code == 421)

    def _connect(self) -> smtplib.SMTP:
        values = self._settings
        context = ssl.create_default_context()
        if values.smtp_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(values.smtp_host, values.smtp_port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(values.smtp_host, values.smtp_port, timeout=SECONDS)
        self._server = server
        if values.smtp_security == "starttls":
            server.starttls(context=context)
        if values.smtp_user and values.smtp_password:
            server.login(values.smtp_user.get_secret_value(), values.smtp_password.get_secret_value())
        return server

    def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()


def mime(settings: Settings, letter: Claimed, message: Message, report: tuple[str, str] | None) -> EmailMessage:
    """The message as an e-mail to the letter's recipient."""
    mail = EmailMessage()
    mail["Subject"] = clean(message.title)
    mail["From"] = Address(SENDER_NAME, addr_spec=settings.smtp_from)
    mail["To"] = Address(addr_spec=letter.recipient)
    mail["Date"] = format_datetime(letter.created_at)
    mail["Message-ID"] = message_id(letter.dedup_key, letter.recipient, settings.smtp_from)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(as_text(message))
    picture = f"{CHART}@{settings.smtp_from.partition('@')[2]}"
    mail.add_alternative(as_html(message, f"cid:{picture}" if message.chart else None), subtype="html")
    if message.chart:
        html_part = mail.get_payload()[1]  # type: ignore[index]
        html_part.add_related(  # type: ignore[union-attr]
            png(message.chart), "image", "png", cid=f"<{picture}>", disposition="inline", filename=f"{CHART}.png"
        )
    if report:
        mail.add_attachment(report[1].encode(), "text", "markdown", filename=report[0])
    return mail


def message_id(dedup_key: str, recipient: str, sender: str) -> str:
    """The Message-ID of a message to a recipient: the same at every try, so that a mailbox can tell a second copy."""
    digest = hashlib.sha256(f"{dedup_key}\0{recipient}".encode()).hexdigest()[:32]
    return f"<{digest}@{sender.partition('@')[2]}>"


def report_of(settings: Settings, message: Message) -> tuple[str, str] | None:
    """Name and text of the report that goes with a message, None when there is none (yet)."""
    if message.report_of_run is None:
        return None
    name = next((entry.name for entry in files.reports(settings.home) if entry.name.endswith(f"-{message.report_of_run}.md")), None)
    return (name, files.read_report(settings.home, name)) if name else None


def code_of(error: Exception) -> str:
    """What went wrong as a code without any text of the server, in which addresses may stand."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"smtp_{error.smtp_code}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "smtp_no_tls"
    if isinstance(error, ssl.SSLError):
        return "tls_failed"
    if isinstance(error, TimeoutError):
        return "time_out"
    if isinstance(error, socket.gaierror):
        return "unknown_host"
    return "connection_lost" if isinstance(error, smtplib.SMTPServerDisconnected) else "no_connection"
