"""A tab of a real browser on the page of reset links, and what tests arrange and ask around it."""

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from keyturn.core import commands as c
from keyturn.http.reset import PATH
from tests.houses import Person
from tests.served import PATIENCE, Served

expect.set_options(timeout=PATIENCE * 1000)


class Visit:
    """A tab, and what it asked and complained of."""

    def __init__(self, served: Served, context: BrowserContext) -> None:
        self.served = served
        self.page: Page = context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

    def open(self, token: str = "") -> "Visit":
        """The page is there, by a link with that token."""
        self.page.goto(f"{self.served.url}{PATH}" + (f"#{token}" if token else ""))
        return self

    def at(self, name: str) -> Locator:
        """The element of that id."""
        return self.page.locator(f"#{name}")

    def submit(self, password: str, repeated: str | None = None, revoke: bool = False) -> Locator:
        """Both passwords were typed and sent; where the page then tells what came of it."""
        self.at("password").fill(password)
        self.at("repeated").fill(password if repeated is None else repeated)
        self.at("revoke").set_checked(revoke)
        self.page.get_by_role("button", name="Set the password").click()
        return self.told("set-told")

    def ask(self, login: str) -> Locator:
        """A new link was asked for; where the page then tells what came of it."""
        self.at("login").fill(login)
        self.page.get_by_role("button", name="Send me a new link").last.click()
        return self.told("again-told")

    def told(self, place: str) -> Locator:
        """What the page tells there, which has the focus."""
        expect(self.at(place)).not_to_be_empty()
        expect(self.at(place)).to_be_focused()
        return self.at(place)

    def _hear(self, said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            self.complaints.append(said.text)


def token_for(served: Served, person: Person) -> str:
    """A reset token that an administrator made for somebody."""
    admin = served.people.token(served.people.person("", "Administrators"))
    return str(served.people.wish(admin, c.IssueReset(person.ref)).secret.reveal())


def signs_in(served: Served, password: str) -> bool:
    """Whether jean signs in with that."""
    return served.request("POST", "/v1/sessions", body={"login": "jean", "password": password}).status == 201
