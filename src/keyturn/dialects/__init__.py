"""The wires Keyturn speaks, one line each."""

from keyturn.dialects import native

NATIVE = native.DIALECT
DIALECTS = (NATIVE,)
