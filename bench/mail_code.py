"""A mailed code from end to end: challenge, mail through a real SMTP server, and the regenerate that it opens."""

import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.servers import fresh
from tests.postbox import Postbox, postboxed
from tests.served import Served, serving

PEOPLE = 50
CODE = re.compile(r"\b(\d{3}-\d{3})\b")
CALL = "/api/v1/users.regeneratePersonalAccessToken"
REST = "abcdefghijklmnopqrstuvwxyz012345"
PERSON = """
  - login: person-{n}
    handle: handle-{n}
    email: person-{n}@load.test
    email_verified: true
    factors: [{{kind: email}}]
    tokens: [{{kind: personal, name: load, dialect: rocketchat, value: "token_{n:04}_{rest}"}}]
"""


def passed(served: Served, postbox: Postbox, number: int) -> tuple[float, float]:
    """Milliseconds until the code was in the mailbox, and until the regenerate that it opened was answered."""
    signed = {"X-Auth-Token": f"token_{number:04}_{REST}", "X-User-Id": f"handle-{number}"}
    began = time.perf_counter()
    asked = served.request("POST", CALL, signed, {"tokenName": "load"})
    assert asked.json()["details"]["codeGenerated"], asked.text
    mail = postbox.wait(1, to=f"person-{number}@load.test")[0]
    arrived = time.perf_counter()
    body = mail.get_body(("plain",))
    assert body is not None
    code = CODE.search(body.get_content())
    assert code is not None
    shown = {**signed, "x-2fa-code": code[1], "x-2fa-method": "email"}
    done = served.request("POST", CALL, shown, {"tokenName": "load"})
    assert done.status == 200, done.text
    return (arrived - began) * 1000, (time.perf_counter() - began) * 1000


def main(store: str) -> None:
    """One person after the other."""
    with fresh(store) as make, tempfile.TemporaryDirectory() as folder, postboxed() as postbox:
        database = make()
        url = database if "://" in database else f"sqlite:///{folder}/k.db"
        with serving(url, Path(folder), mail=postbox.relay()) as served:
            people = "".join(PERSON.format(n=n, rest=REST) for n in range(PEOPLE))
            served.apply('realms:\n  - {name: default, settings: {"rocketchat.rate_limit": false}}\nusers:' + people)
            told = [passed(served, postbox, n) for n in range(PEOPLE)]
    for what, times in zip(("mailed", "regenerated"), zip(*told, strict=True), strict=True):
        line = f"{store}: challenge to {what}, {PEOPLE} people in turn"
        print(f"{line:<56} p50 {statistics.median(times):>7.1f} ms   most {max(times):>7.1f} ms")


if __name__ == "__main__":
    for named in sys.argv[1:] or ("sqlite", "postgresql"):
        main(named)
