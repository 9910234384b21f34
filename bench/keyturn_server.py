"""Keyturn as `serve` runs it, with subjects and tokens made for a load run: DATABASE FILE PORT."""

import json
import sys
import tempfile
from pathlib import Path

import uvicorn

from keyturn.app import Composition, compose
from keyturn.core.types import Instant, Realm, Role, Secret
from keyturn.http.protocol import limited
from keyturn.store import factors, passwords, realms, roles, subjects, tokens
from keyturn.store.engine import Kept, Tx
from keyturn.store.realms import home

PEOPLE = 1024
PASSWORD = "load-test-passphrase-not-secret"
CHATTERS = {True: 2048, False: 128}
"""People of the Rocket.Chat wire, with a TOTP factor and without."""
CHAT = "rocketchat"
SEED = b"twenty bytes of seed"
CHOICES = {"rocketchat.rate_limit": False, "rocketchat.remember_seconds": 0}


def main(database: str, told: str, port: str) -> None:
    """Serves until it is ended."""
    folder = Path(tempfile.mkdtemp(prefix="keyturn-bench-"))
    instance = compose(Composition(database if "://" in database else f"sqlite:///{folder}/k.db", folder / "key"))
    now = instance.engine.now()
    hashed = instance.house.hasher.hash(Secret(PASSWORD))

    def people(tx: Tx) -> Kept:
        realm = home(tx)
        made: list[dict[str, object]] = []
        member = roles.by_name(tx, realm.id, "Members")
        assert member is not None
        for n in range(PEOPLE):
            subject = subjects.insert(tx, subjects.NewSubject(realm.id, f"load-{n}"), now)
            assert subject is not None
            roles.assign(tx, realm.id, subject.id, (member,))
            passwords.put(tx, realm.id, subject.id, hashed, False, len(PASSWORD), now)
            wire, kind = ("pam360", "api") if "pam360" in tx.catalogue.wires else ("native", "personal")
            name = None if kind == "api" else "load"
            minted = tokens.mint(tx, tokens.Grant(subject.id, kind, wire, name), now)
            assert minted is not None
            secret, view = minted
            made.append({"login": f"load-{n}", "token": secret.reveal(), "id": view.token.uuid, "wire": wire})
        for bound, count in CHATTERS.items():
            made += [_chatter(tx, realm, member, f"chat-{bound}-{n}", bound, hashed, now) for n in range(count)]
        realms.update(tx, realm.id, realm.display_name, {}, CHOICES)
        return Kept(made)

    Path(told).write_text(json.dumps(instance.engine.write(people).value))
    config = uvicorn.Config(
        instance.application,
        port=int(port),
        http=limited(16384, 10.0),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        loop="uvloop",
    )
    uvicorn.Server(config).run()


def _chatter(
    tx: Tx, realm: Realm, member: Role, login: str, bound: bool, hashed: str, now: Instant
) -> dict[str, object]:
    """Somebody with a token to present and one to regenerate."""
    email = f"{login}@load.test"
    subject = subjects.insert(tx, subjects.NewSubject(realm.id, login, email, email_verified=True), now)
    assert subject is not None
    roles.assign(tx, realm.id, subject.id, (member,))
    passwords.put(tx, realm.id, subject.id, hashed, False, len(PASSWORD), now)
    if bound:
        factors.add(tx, realm.id, subject.id, "totp", SEED, True, now)
    minted = [tokens.mint(tx, tokens.Grant(subject.id, "personal", CHAT, name), now) for name in ("load", "key")]
    assert minted[1] is not None
    return {"handle": subject.handle, "chat": minted[1][0].reveal(), "totp": bound}


if __name__ == "__main__":
    main(*sys.argv[1:])
