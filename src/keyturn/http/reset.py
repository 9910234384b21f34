"""The page that a mailed reset link leads to: one file, read once, that brings its own policy along."""

import base64
import hashlib
import re
from functools import cache
from importlib import resources

from keyturn.wire import Response

PATH = "/console/reset"
MAIL = re.compile(r"<!-- with mail -->.*?<!-- / -->\n", re.DOTALL)
INLINE = {kind: re.compile(rf"<{kind}>(.*?)</{kind}>", re.DOTALL) for kind in ("style", "script")}


@cache
def reset_page(mails: bool) -> Response:
    """The page; without its second form where nobody takes our mails, since no link would come.

    Safe     the policy lets run what stands in the file and nothing else, and no text become markup; the token is in
             the link's fragment, which browsers send to nobody, and the page may ask no server but ours (A06)
    """
    text = resources.files("keyturn.http").joinpath("reset.html").read_text(encoding="utf-8")
    text = text if mails else MAIL.sub("", text)
    return Response(200, text.encode(), "text/html; charset=utf-8", (
        ("Content-Security-Policy", policy(text)),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ))  # fmt: skip


def policy(text: str) -> str:
    """What a browser may do with that page: run its one script, wear its one style, and ask this server."""
    return (
        f"default-src 'none'; script-src {_digest(text, 'script')}; style-src {_digest(text, 'style')}; "
        "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _digest(text: str, kind: str) -> str:
    (inline,) = INLINE[kind].findall(text)
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"
