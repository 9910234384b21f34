"""Log lines for people or for machines, and the one filter that takes out whatever looks like a secret."""

import datetime
import logging
import re
import sys
from typing import Any

import msgspec

from keyturn.dialects import DIALECTS

GONE = "[redacted]"
NAMES = (
    *("authorization", "proxy-authorization", "cookie", "set-cookie", "x-2fa-code", "step-up", "idempotency-key"),
    *("token", "auth_token", "access_token", "refresh_token", "resume", "code", "secret", "seed", "digest", "pass"),
    *("password", "current_password", "new_password", "password_hash", "client_secret"),
    # Whatever a wire calls its credential.
    *(str(scheme["name"]).lower() for d in DIALECTS for scheme in d.security.values() if "name" in scheme),
)
SECRET_NAMES = "|".join(re.escape(name) for name in sorted(set(NAMES), key=len, reverse=True))
PATTERNS = (
    # Ours, whole or cut short, and the forms our wires hand out.
    re.compile(r"\bkt[a-z]_[0-9A-Za-z]{4}_[0-9A-Za-z]*"),
    re.compile(r"\b(?=[0-9-]*[A-F])[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\b"),
    re.compile(r"[A-Za-z0-9+/]{43}="),
    re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"),
    re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{64}(?![A-Za-z0-9])"),
    # Hashes at rest.
    re.compile(r"\$(?:argon2id?|2[aby]|scrypt)\$[^\s\"']+"),
)
# A name, what stands between, and the value: `Name: value`, `name=value`, `"name": "value"`, and repr's b'' and tuples.
NAMED = re.compile(
    rf"(?i)(?<![\w-])({SECRET_NAMES})(['\"]?\s*(?:[:=]|,\s*(?=b?['\"]))\s*)"
    r"((?:Bearer|Basic|Secret|totp|recovery|email|password|passkey)\s+[^\s,;&\"']+|b?\"(?:\\.|[^\"\\])*\"|b?'(?:\\.|[^'\\])*'|[^\s,;&]+)"
)
IN_URL = re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]*@")
SCHEME = re.compile(r"(?i)\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}")
PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def redacted(text: str) -> str:
    """The text without anything that looks like a secret of ours or stands where one is told.

    Safe     rather too much than too little: a log is read by more people than the store
    """
    text = NAMED.sub(rf"\1\2{GONE}", IN_URL.sub(rf"\1:{GONE}@", SCHEME.sub(rf"\1 {GONE}", text)))
    for pattern in PATTERNS:
        text = pattern.sub(GONE, text)
    return text


class Lines(logging.Formatter):
    """One line a record, with what was added to it, redacted as a whole."""

    def __init__(self, json: bool) -> None:
        super().__init__()
        self._json = json

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        added = {name: _plain(name, value) for name, value in vars(record).items() if name not in PLAIN}
        trace = redacted(self.formatException(record.exc_info)) if record.exc_info else ""
        message = redacted(record.getMessage())
        if self._json:
            when = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            told = {"at": when, "level": record.levelname.lower(), "logger": record.name, "message": message, **added}
            return msgspec.json.encode(told | ({"trace": trace} if trace else {})).decode()
        tail = "".join(f"  {name}={value}" for name, value in added.items())
        line = f"{at:%Y-%m-%d %H:%M:%S} {record.levelname.lower():<7} {record.name}  {message}{tail}"
        return line + (f"\n{trace}" if trace else "")


def set_up(how: str, level: str) -> None:
    """Everything that is logged in this process goes to stderr, in that form, from that level up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(how == "json"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
    set_level(level)


def set_level(level: str) -> None:
    """Our lines are written from that level up; other libraries' warnings always."""
    logging.getLogger("keyturn").setLevel(level.upper())
    logging.getLogger("uvicorn").setLevel(max(logging.getLevelName(level.upper()), logging.WARNING))


def _plain(name: str, value: Any) -> Any:
    if re.fullmatch(SECRET_NAMES, name.lower()):
        return GONE
    return value if value is None or isinstance(value, (bool, int, float)) else redacted(str(value))
