"""PAGES: every screen with its file, title, icon, section and who may open it. A screen that is not built is not here."""

from pathlib import Path
from typing import NamedTuple

from ml.i18n import mark

FOLDER = Path(__file__).resolve().parent.parent / "pages"
EVERYBODY = ("admin", "analyst", "viewer")
HOME = "overview"


class Page(NamedTuple):
    """A screen. `name` is its file in pages/ and its address; `title`, `section` and `help` are msgids; `roles` may open it.

    Without a section it has no place in the navigation and is reached from elsewhere.
    """

    name: str
    title: str
    icon: str
    section: str
    help: str
    roles: tuple[str, ...] = EVERYBODY

    @property
    def path(self) -> Path:
        """The absolute path of the script."""
        return FOLDER / f"{self.name}.py"


SECTIONS: tuple[str, ...] = (mark("Today"), mark("Understand"), mark("Decide and run"))
PAGES: tuple[Page, ...] = (
    Page("overview", mark("Overview"), ":material/home:", "Today", mark("The morning page: what comes, whom to call, how the month goes.")),
    Page(
        "churn",
        mark("Churn alerts"),
        ":material/call:",
        "Today",
        mark("Customers who may stop ordering, by the money at risk, and those to win back."),
    ),
    Page(
        "next_orders",
        mark("Next orders"),
        ":material/event_upcoming:",
        "Today",
        mark("Who will order this week, who is overdue, and what it is worth."),
    ),
    Page(
        "customer",
        mark("Customer"),
        ":material/person_search:",
        "Today",
        mark("Find a customer: orders, rhythm, risk, and what is expected next."),
    ),
    Page(
        "demand",
        mark("Demand"),
        ":material/show_chart:",
        "Understand",
        mark("Orders, sales and bottles expected in the next days, with their range."),
    ),
    Page(
        "segments",
        mark("Segments"),
        ":material/group:",
        "Understand",
        mark("Customers in four groups by how recently, how often and how much they buy."),
    ),
    Page(
        "experiments",
        mark("Experiments"),
        ":material/science:",
        "Decide and run",
        mark("Tests of prices, alerts and stock: what works, how sure that is, and what a new test can find."),
    ),
    Page(
        "prices",
        mark("Prices"),
        ":material/sell:",
        "Decide and run",
        mark("What a change of price does to sales, and which price is worth trying."),
    ),
    Page(
        "routes",
        mark("Routes"),
        ":material/local_shipping:",
        "Decide and run",
        mark("What a delivery costs and why, cost by zone, and how tours turned out."),
    ),
    Page(
        "models",
        mark("Models"),
        ":material/verified:",
        "Decide and run",
        mark("How well each model did beside the simple rule, and its versions."),
    ),
    Page(
        "operations",
        mark("Operations"),
        ":material/monitor_heart:",
        "Decide and run",
        mark("What was read and found in the data, what ran and runs next, who did what."),
        ("admin", "analyst"),
    ),
    Page(
        "settings",
        mark("Settings"),
        ":material/settings:",
        "Decide and run",
        mark("People, access tokens, the company's values, and what is still to set up."),
        ("admin",),
    ),
    Page(
        "account", mark("My account"), ":material/account_circle:", "", mark("Your language, your password, and where you are signed in.")
    ),
)


def page(name: str) -> Page:
    """The screen of that name; KeyError names the known ones."""
    for entry in PAGES:
        if entry.name == name:
            return entry
    raise KeyError(f"There is no screen {name!r}; known are {[entry.name for entry in PAGES]}.")


def pages_for(role: str) -> dict[str, list[Page]]:
    """What a role may open: section -> screens, in order, without empty sections."""
    allowed = {section: [entry for entry in PAGES if entry.section == section and role in entry.roles] for section in SECTIONS}
    return {section: entries for section, entries in allowed.items() if entries}


def pages_aside(role: str) -> list[Page]:
    """The screens without a place in a role's navigation: those without a section, and those that it may not open (their guard says so)."""
    return [entry for entry in PAGES if not entry.section or role not in entry.roles]
