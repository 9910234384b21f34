"""`python -m keyturn` is the command line."""

from keyturn.cli import main

main()
