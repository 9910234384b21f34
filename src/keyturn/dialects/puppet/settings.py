"""What a realm may choose about this wire; password rules keep the product's own parameter names."""

from typing import Any

from keyturn.core.complexity import MOST_FORMER
from keyturn.core.settings import Setting, boolean, choice, duration, mapping, names, optional, whole
from keyturn.wire import clear

HOUR, DAY, YEAR = 3600, 86_400, 365 * 86_400
CREATED = (201, 303)
LONGEST_DISCLAIMER = 16_384


def few(value: object) -> int:
    """How many passwords back are refused; ValueError with a sentence for more than are kept."""
    if whole(value) > MOST_FORMER:
        raise ValueError(f"wants a whole number from 0 to {MOST_FORMER}")
    return whole(value)


# Every parameter of the product's password policy that is public, with what its value must be.
PASSWORD_POLICY = {
    "login_minimum_length": whole,
    "password_minimum_length": whole,
    "letters_required": whole,
    "lowercase_letters_required": whole,
    "uppercase_letters_required": whole,
    "numbers_required": whole,
    "special_characters_required": whole,
    "number_of_previous_passwords": few,
    "username_substring_match": boolean,
    "substring_character_limit": whole,
}


def span(value: object) -> int:
    """Seconds of a duration that is not nothing; ValueError with a sentence otherwise."""
    seconds = duration(value)
    if seconds == 0:
        raise ValueError("wants a duration of at least one second")
    return seconds


def created(value: object) -> int:
    """The status of a successful creation; ValueError with a sentence otherwise."""
    if isinstance(value, bool) or value not in CREATED:
        raise ValueError("wants one of: 201, 303")
    return int(str(value))


def password_policy(value: object) -> dict[str, Any]:
    """Password rules by the product's names; ValueError with a sentence for a name or value that is none."""
    rules = mapping(value)
    for name, given in rules.items():
        check = PASSWORD_POLICY.get(name)
        if check is None:
            raise ValueError(f"knows no parameter of that name; there are: {', '.join(PASSWORD_POLICY)}")
        try:
            check(given)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from error
    return rules


def disclaimer(value: object) -> str:
    """Words for people, over several lines perhaps; ValueError with a sentence otherwise."""
    if not isinstance(value, str) or len(value) > LONGEST_DISCLAIMER or not (value == "" or clear(value)):
        raise ValueError(f"wants text of at most {LONGEST_DISCLAIMER} characters that can be shown")
    return value


SETTINGS = (
    Setting("puppet.disclaimer", optional(disclaimer), None, "text", "Words shown at sign-in."),
    Setting("puppet.token_in_query", boolean, True, "true, false", "Take the token from ?token= too."),
    Setting(
        "puppet.reset_body", choice("json", "text"), "json", "json, text", "A reset token is told in JSON, or bare."
    ),
    Setting("puppet.create_status", created, 201, "201, 303", "What a creation answers with."),
    Setting(
        "puppet.lockout",
        choice("revoke", "timed"),
        "revoke",
        "revoke, timed",
        "A lock closed on this wire shows the user as revoked until somebody opens it, or ends by time.",
    ),
    Setting(
        "puppet.code_after_password",
        boolean,
        False,
        "true, false",
        "Take a TOTP or recovery code after the password and a comma.",
    ),
    Setting("puppet.client_cert_allowlist", names, [], "list of names", "Client certificates that act as api_user."),
    Setting("puppet.password_reset_lifetime", span, DAY, "duration", "The life of a reset token."),
    Setting("puppet.token_lifetime", span, HOUR, "duration", "The life of a token where the request names none."),
    Setting("puppet.token_maximum_lifetime", span, YEAR, "duration", "The longest life a token may have."),
    Setting("puppet.session_timeout", optional(span), None, "duration", "How long a token may lie unused."),
    Setting("puppet.account_expiry_days", optional(whole), None, "number", "Days unused until a user is revoked."),
    Setting("puppet.password_policy", password_policy, {}, "the product's names", "Further rules for new passwords."),
)
