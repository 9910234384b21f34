"""All load programs in turn, on both stores: `python -m bench`, or those that are named."""

import importlib
import sys

PROGRAMS = ("start", "regenerate", "login", "challenge", "mail_code", "imports", "puppet_users")
STORES = ("sqlite", "postgresql")


def main(names: list[str]) -> None:
    """Each program on each store it knows."""
    for name in names or PROGRAMS:
        program = importlib.import_module(f"bench.{name}")
        for store in STORES:
            program.main(store)


if __name__ == "__main__":
    main(sys.argv[1:])
