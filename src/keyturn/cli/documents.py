"""`keyturn openapi`: what a dialect speaks, for tools that make clients."""

import click

from keyturn import __version__
from keyturn.cli.frame import Command, tell_json


@click.command("openapi", cls=Command, examples=("keyturn openapi native > native.json",))
@click.argument("dialect")
def openapi(dialect: str) -> None:
    """Print the OpenAPI 3.1 document of a dialect."""
    from keyturn.dialects import DIALECTS
    from keyturn.http.openapi import document

    known = {d.name: d for d in DIALECTS}
    if dialect not in known:
        raise click.UsageError(f"No such dialect: {dialect}. There are: {', '.join(known)}.")
    tell_json(document(known[dialect], __version__))
