"""The command line: argv is one more way to say a command."""
