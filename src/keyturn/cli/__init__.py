"""The command line: argv is one more way to say a command."""

import sys

import click

from keyturn import __version__
from keyturn.cli.frame import Group, Row, run

ROWS = {
    "serve": Row("serve", "serve", "Serve until SIGTERM."),
    "apply": Row("apply", "apply", "Bring the store to what a bootstrap file asks."),
    "import": Row("imports", "bring", "Move users of another system in."),
    "user": Row("users", "user", "Users: add, list, show, suspend, reset and more."),
    "token": Row("tokens", "token", "Tokens: issue, list, show, rotate, revoke, verify."),
    "realm": Row("realms", "realm", "Realms: list, show, add, set."),
    "role": Row("roles", "role", "Roles: list, show, set."),
    "policy": Row("policies", "policy", "Policy of a realm: show, set."),
    "audit": Row("audits", "audit", "The audit log: list."),
    "db": Row("databases", "db", "The store: upgrade."),
    "config": Row("configs", "config", "The configuration: check."),
    "openapi": Row("documents", "openapi", "The OpenAPI document of a dialect."),
    "help": Row("topics", "topics", "Durations, exit codes, and what else has no command."),
}
ABSENT = ("export", "key", "doctor")
"""Commands that a later version has."""


@click.group(cls=Group, rows=ROWS, absent=ABSENT, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="keyturn %(version)s")
def root() -> None:
    """Keyturn issues, verifies, rotates and ends the credentials of people and machines."""


def main() -> None:
    """Run the command line of this process and exit with its code."""
    sys.exit(run(root))
