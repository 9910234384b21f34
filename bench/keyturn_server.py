"""Keyturn as `serve` runs it, with subjects and tokens made for a load run: DATABASE FILE PORT."""

import json
import sys
import tempfile
from pathlib import Path

import uvicorn

from keyturn.app import Composition, compose
from keyturn.core.types import Secret
from keyturn.http.protocol import limited
from keyturn.store import passwords, roles, subjects, tokens
from keyturn.store.engine import Kept, Tx
from keyturn.store.realms import home

PEOPLE = 1024
PASSWORD = "load-test-passphrase-not-secret"


def main(database: str, told: str, port: str) -> None:
    """Serves until it is ended."""
    folder = Path(tempfile.mkdtemp(prefix="keyturn-bench-"))
    instance = compose(Composition(database if "://" in database else f"sqlite:///{folder}/k.db", folder / "key"))
    now = instance.engine.now()
    hashed = instance.house.hasher.hash(Secret(PASSWORD))

    def people(tx: Tx) -> Kept:
        realm, made = home(tx), []
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


if __name__ == "__main__":
    main(*sys.argv[1:])
