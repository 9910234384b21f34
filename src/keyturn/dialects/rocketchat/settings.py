"""What a realm may choose on this wire."""

from keyturn.core.settings import Setting, boolean, choice, whole, words

FLAGS = "true, false"


def _flag(name: str, default: bool, sentence: str) -> Setting:
    return Setting(f"rocketchat.{name}", boolean, default, FLAGS, sentence)


SETTINGS = (
    Setting(
        "rocketchat.profile", choice("classic", "modern"), "classic", "classic, modern",
        "Whose words are spoken: those of versions 3 to 7, or of version 8.",
    ),
    _flag("rate_limit", True, "Whether one address may make only so many calls of a route in a minute."),
    _flag("password_fallback", True, "Whether the password is asked for again where there is no second factor."),
    Setting(
        "rocketchat.remember_seconds", whole, 1800, "0..",
        "How long a second proof is remembered for its token, its client and its address.",
    ),
    _flag("registration_grace", False, "Whether somebody new is asked for no second proof for that long."),
    _flag("registration", False, "Whether people may register themselves."),
    _flag("bypass_mints", False, "Whether a token that skips the second proof may make other tokens."),
    Setting(
        "rocketchat.create_token_secret", words, "", "text; empty = off (profile modern)",
        "The secret that users.createToken wants to be told.",
    ),
    _flag("create_token", False, "Whether users.createToken is there (profile classic)."),
    _flag("password_reset", True, "Whether a forgotten password may be reset by mail."),
    _flag("auto_email_two_factor", False, "Whether new users are asked for a code by mail."),
)  # fmt: skip
