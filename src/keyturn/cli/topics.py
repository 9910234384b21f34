"""`keyturn help`: what belongs to no single command."""

import click

from keyturn.cli.frame import Command, tell

TOPICS = {
    "durations": "30s, 15m, 8h, 7d, 1y, or whole seconds.",
    "exit-codes": (
        "0 done.\n1 refused, a token that is not active, or something that could not be imported; stderr says why.\n"
        "2 bad usage, configuration or bootstrap file; all faults at once.\n130 broken off."
    ),
    "secrets": (
        "No secret is an argument or a variable. Passwords come hidden from the terminal or with --password-stdin;\n"
        "new tokens are the only line on stdout, or go to a file of mode 0600 with --out and --write."
    ),
    "json": (
        "--json tells one object on stdout, with names and times as in the API; lists are items and next_cursor.\n"
        "Errors are one object on stderr, with the reason as code."
    ),
    "environment": (
        "KEYTURN_CONFIG, KEYTURN_DATABASE, KEYTURN_LISTEN, KEYTURN_DATA_DIR, KEYTURN_KEY_FILE, KEYTURN_LOG.\n"
        "A flag wins over a variable, a variable over the file. NO_COLOR is obeyed."
    ),
}


@click.command("help", cls=Command, examples=("keyturn help topics", "keyturn help durations"))
@click.argument("topic", default="topics")
def topics(topic: str) -> None:
    """Tell about a topic, or which there are."""
    if topic == "topics":
        tell("\n".join(TOPICS))
    elif topic in TOPICS:
        tell(TOPICS[topic])
    else:
        raise click.UsageError(f"No such topic: {topic}. There are: {', '.join(TOPICS)}.")
