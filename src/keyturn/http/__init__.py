"""Bytes in, bytes out: the ASGI application, its routing, and the server's protocol."""
