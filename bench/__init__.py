"""Load programs: what Keyturn does against the bare machine doing the same, in one run."""
