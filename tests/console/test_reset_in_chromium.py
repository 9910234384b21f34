"""The page of mailed reset links in a real browser: what people do with it, and what nobody can."""

import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect, sync_playwright

from keyturn.http.reset import PATH
from tests.console.visits import Visit, signs_in, token_for
from tests.postbox import PUBLIC_URL, Postbox
from tests.served import Served

pytestmark = pytest.mark.chromium
MAIL = "jean@example.test"
NEW = "eleven quiet herons wade upstream"
LINK = re.compile(rf"^{re.escape(PUBLIC_URL)}(/console/reset#(\S+))\s*$", re.MULTILINE)
FOREIGN = "keyturn.test"
"""A name that the browser takes for this machine, and not for a safe place."""
RULES = f"MAP {FOREIGN} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
ONE_STORE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what is the browser's doing alone."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, which finds this machine and nothing else."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=[f"--host-resolver-rules={RULES}"])
        yield launched
        launched.close()


Opens = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Opens]:
    """Opens tabs with nothing left of earlier ones; none of them broke the policy or went elsewhere."""
    opened: list[tuple[BrowserContext, Visit]] = []

    def open_one(**how: object) -> Visit:
        context = browser.new_context(**how)  # type: ignore[arg-type]  # its own names
        opened.append((context, Visit(served, context)))
        return opened[-1][1]

    yield open_one
    for context, visited in opened:
        assert visited.complaints == []
        assert [url for url in visited.asked if not url.startswith((served.url, f"http://{FOREIGN}"))] == []
        context.close()


def test_from_the_mail_to_the_new_password(served: Served, postbox: Postbox, visit: Opens) -> None:
    """A link is asked for and mailed once; it sets a password that fits, once; the old one is over."""
    jean = served.people.person("jean", email=MAIL, email_verified=True)
    asking = visit().open()
    for _ in range(2):
        expect(asking.ask(MAIL)).to_contain_text(
            "If that account has an address, a link is on its way. It works once, for 60 minutes."
        )
    body = postbox.wait()[0].get_body(("plain",))
    found = LINK.search(body.get_content() if body is not None else "")
    assert found is not None
    setting = visit()
    setting.page.goto(served.url + found[1])
    assert (setting.page.url, setting.at("token").input_value()) == (served.url + PATH, found[2])

    expect(setting.submit("zehn Reiher")).to_contain_text("Your reset token is not used")
    expect(setting.at("password-wrong")).to_have_text(re.compile(r"^The password has fewer than \d+ characters\.$"))
    expect(setting.at("password")).to_have_attribute("aria-invalid", "true")
    expect(setting.page).to_have_title(re.compile("^Error: "))

    expect(setting.submit(NEW)).to_contain_text("Your password is changed.")
    expect(setting.page).to_have_title("Set a new password · Keyturn")
    expect(setting.at("set")).to_be_hidden()
    assert [secret for secret in (found[2], NEW) if secret in _left(setting)] == []
    assert [url for url in setting.asked if found[2].partition("_")[2] in url] == []
    assert signs_in(served, NEW)
    assert not signs_in(served, jean.password)

    again = visit().open(found[2])
    expect(again.submit("another quiet heron upstream")).to_contain_text("used, replaced by a newer one, or is too old")
    assert signs_in(served, NEW)
    assert len(postbox.letters()) == 1


@ONE_STORE
@pytest.mark.parametrize("revoke", [False, True])
def test_access_tokens_end_where_one_says_so(served: Served, visit: Opens, revoke: bool) -> None:
    """They go on working unless the box is ticked, and the page tells which it was."""
    jean = served.people.person("jean", email=MAIL)
    token = served.people.token(jean, "personal")
    told = visit().open(token_for(served, jean)).submit(NEW, revoke=revoke)
    expect(told).to_contain_text("access tokens have ended too" if revoke else "access tokens still work")
    assert (served.people.opens(token) is None) is not revoke


@ONE_STORE
def test_what_differs_is_not_sent(served: Served, visit: Opens) -> None:
    """Two passwords that differ are told at the second one, from where the message leads, and nothing is asked."""
    tab = visit().open("a-token")
    asked = len(tab.asked)
    expect(tab.submit(NEW, NEW.upper())).to_contain_text("The two passwords differ.")
    expect(tab.at("repeated-wrong")).to_be_visible()
    tab.page.get_by_role("button", name="Change the second one").click()
    expect(tab.at("repeated")).to_be_focused()
    assert len(tab.asked) == asked


@ONE_STORE
def test_by_keyboard_with_a_pasted_password(served: Served, visit: Opens) -> None:
    """Token and password are pasted, shown, hidden again when sent; Tab, Space and Enter are enough."""
    jean = served.people.person("jean", email=MAIL)
    tab = visit().open()
    keys = tab.page.keyboard
    token = token_for(served, jean)
    keys.press("Tab")
    expect(tab.at("token")).to_be_focused()
    keys.insert_text(f" {token[:20]}\n{token[20:]} ")
    keys.press("Tab")
    keys.insert_text(NEW)
    for key in ("Tab", "Space"):
        keys.press(key)
    expect(tab.at("show")).to_have_attribute("aria-pressed", "true")
    expect(tab.at("password")).to_have_attribute("type", "text")
    # What is shown can be copied, and what is copied can be pasted.
    for key in ("Shift+Tab", "Control+A", "Control+C", "Tab", "Tab", "Control+V"):
        keys.press(key)
    expect(tab.at("repeated")).to_have_value(NEW)
    keys.press("Enter")
    expect(tab.told("set-told")).to_contain_text("Your password is changed.")
    expect(tab.at("password")).to_have_attribute("type", "password")
    assert signs_in(served, NEW)


@ONE_STORE
def test_when_it_cannot_be_done_now(served: Served, visit: Opens) -> None:
    """No network, and what a proxy on the way answers, is told in words; the token works afterwards."""
    jean = served.people.person("jean", email=MAIL)
    tab = visit().open(token_for(served, jean))
    tab.page.context.set_offline(True)
    expect(tab.submit(NEW)).to_contain_text("The server was not reached.")
    tab.page.context.set_offline(False)
    for status, words in {429: "Try again in 7 seconds", 503: "cannot do this just now", 502: "(502)"}.items():
        tab.page.route("**/v1/**", _answering(status))
        expect(tab.submit(NEW)).to_contain_text(words)
        tab.page.unroute("**/v1/**")
    expect(tab.submit(NEW)).to_contain_text("Your password is changed.")


@ONE_STORE
@pytest.mark.usefixtures("postbox")
def test_one_answer_for_whoever_is_asked_for(served: Served, visit: Opens) -> None:
    """A name that nobody has hears what the others hear, in a realm that is not there too."""
    served.people.person("jean", email=MAIL, email_verified=True)
    tab = visit().open()
    known = tab.ask("jean").inner_text()
    assert tab.ask("nobody").inner_text() == known
    tab.page.get_by_text("My account is in another realm").click()
    tab.at("realm").fill("nowhere")
    assert tab.ask("jean").inner_text() == known


@ONE_STORE
def test_another_link_in_the_same_tab(served: Served, visit: Opens) -> None:
    """The token of the link that was followed last is the one, and neither stays in address or history."""
    tab = visit().open("first")
    tab.page.evaluate("location.hash = 'second%2Fone'")
    expect(tab.at("token")).to_have_value("second/one")
    assert tab.page.url == served.url + PATH
    assert tab.page.evaluate("location.href + JSON.stringify(history.state)") == f"{served.url}{PATH}null"


@ONE_STORE
def test_nothing_of_a_stranger_runs(served: Served, visit: Opens) -> None:
    """The browser holds the page to its policy: it makes no markup of texts, and asks nobody but us."""
    tab = visit().open()
    ask = f"fetch('http://{FOREIGN}:{served.port}/healthz', {{mode: 'no-cors'}})"
    for plant in ("document.body.innerHTML = '<b>x</b>'", f"await {ask}"):
        tried = f"async () => {{ try {{ {plant}; return 'ran' }} catch {{ return 'refused' }} }}"
        assert tab.page.evaluate(tried) == "refused"
    assert tab.complaints
    tab.complaints.clear()


@ONE_STORE
def test_without_script_it_says_what_to_do(served: Served, visit: Opens) -> None:
    """No form that would lead nowhere, but the command, open to be read."""
    tab = visit(java_script_enabled=False).open("a-token")
    expect(tab.page.get_by_text("This page sends nothing without script.")).to_be_visible()
    expect(tab.at("line")).to_be_visible()
    for form in ("set", "more"):
        expect(tab.page.locator(f"#{form}:visible")).to_have_count(0)


@ONE_STORE
def test_without_encryption_it_takes_no_password(served: Served, visit: Opens) -> None:
    """Over plain HTTP from elsewhere there is no form, and the token is out of the address all the same."""
    tab = visit()
    tab.page.goto(f"http://{FOREIGN}:{served.port}{PATH}#a-token")
    expect(tab.told("set-told")).to_contain_text("opened without encryption")
    expect(tab.at("password")).to_be_hidden()
    assert "#" not in tab.page.url


@ONE_STORE
@pytest.mark.usefixtures("postbox")
def test_it_fits_small_screens_and_dark_rooms(served: Served, visit: Opens) -> None:
    """At 320 pixels nothing is to be scrolled sideways, nothing is too small to hit, and dark is dark."""
    looks = {}
    for scheme, ground in (("light", "rgb(246, 247, 249)"), ("dark", "rgb(12, 14, 19)")):
        tab = visit(viewport={"width": 320, "height": 640}, color_scheme=scheme).open("ktr_abcd_" + "x" * 49)
        tab.submit(NEW, "differs")
        tab.ask("nobody")
        for opened in tab.page.locator("summary").all():
            opened.click()
        assert tab.page.evaluate("document.documentElement.scrollWidth") == 320
        expect(tab.page.locator("body")).to_have_css("background-color", ground)
        small = "els => els.filter(e => Math.min(e.offsetWidth, e.offsetHeight) < 24).map(e => e.outerHTML)"
        assert tab.page.locator("button, input, textarea, summary").evaluate_all(small) == []
        nameless = "els => els.filter(e => !e.labels.length).map(e => e.id)"
        assert tab.page.locator("input, textarea").evaluate_all(nameless) == []
        looks[scheme] = tab.page.screenshot(full_page=True)
    assert looks["light"] != looks["dark"]


def _answering(status: int) -> Callable[[Route], None]:
    page = "<h1>not ours</h1>"
    return lambda route: route.fulfill(status=status, headers={"Retry-After": "7"}, content_type="text/html", body=page)


def _left(visit: Visit) -> str:
    values = "[...document.querySelectorAll('input, textarea')].map(e => e.value).join()"
    return str(visit.page.content() + visit.page.evaluate(f"{values} + location.href"))
