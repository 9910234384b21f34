"""The wires Keyturn speaks, one line each."""

from keyturn.dialects import native, pam360, puppet, pyramid, rocketchat

NATIVE = native.DIALECT
DIALECTS = (
    NATIVE,
    pam360.DIALECT,
    puppet.DIALECT,
    pyramid.DIALECT,
    rocketchat.DIALECT,
)
