"""Keyturn issues, verifies, rotates and ends the credentials of people and machines."""

__version__ = "0.1.0"
