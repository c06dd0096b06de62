"""The writes of the Customer screen: notes, contacts made outside the work list, and links to the public page."""

from ml import clock
from ml.queries.customer_story import Note, may_contact
from ml.queries.service import in_service
from ml.store import customer_links, customer_notes
from ml.store.customer_links import LinkError
from ml.store.refused import Refused
from ui.actions import writing
from ui.store_access import settings


def keep_note(customer_id: str, kind: str, text: str) -> None:
    """Keep a note or a contact of today. Raises NoteError."""
    with writing("customers") as write:
        today = clock.today(settings().timezone)
        customer_notes.add(write.conn, customer_id, kind, text, day=today, now=write.now, by=write.user.email)


def remove_note(note_id: int) -> None:
    """Take away one's own note. Raises NoteError."""
    with writing("customers") as write:
        customer_notes.remove(write.conn, note_id, now=write.now, by=write.user.email)


def put_back_note(customer_id: str, note: Note) -> None:
    """Put back one's own note that was just removed, on its day. Raises NoteError."""
    with writing("customers") as write:
        who, action = write.user.email, "customer.note_restored"
        customer_notes.add(write.conn, customer_id, note.kind, note.text, day=note.day, now=write.now, by=who, action=action)


def make_link(customer_id: str, days: int) -> str:
    """A new link to a customer's own page and its address. Raises Refused for one who is not to be contacted, or without a secret key."""
    with writing("customers") as write:
        service = in_service(write.conn).get("customers")
        if service is None or service.as_of is None or not may_contact(write.conn, customer_id, service.as_of):
            raise Refused(f"The customer {customer_id} is not to be contacted, so no link is made.", "alert_not_to_contact")
        values = settings()
        if values.secret_key is None:
            raise LinkError("INSIGHTS_SECRET_KEY is not set, so no link can be signed: run `python -m ml prepare` once.", "link_no_key")
        link = customer_links.make(write.conn, customer_id, days, now=write.now, by=write.user.email)
        base = values.public_url or f"http://127.0.0.1:{values.port}"
        return f"{base}/c/{customer_links.token_of(link, values.secret_key.get_secret_value())}"


def revoke_link(link_id: int) -> None:
    """End a link at once. Raises LinkError."""
    with writing("customers") as write:
        customer_links.revoke(write.conn, link_id, now=write.now, by=write.user.email)
