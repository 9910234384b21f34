"""`apply` once more: what was changed since is kept and told, and what was revoked never comes back."""

import base64
import hashlib

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.types import Secret, TokenRef
from keyturn.store import audit, factors, passwords, realms, subjects
from keyturn.store.engine import Kept, Tx
from tests.houses import Household, hashed
from tests.operations.applied import (
    JEAN,
    OPERATOR,
    OTHER,
    PASSWORD,
    VALUE,
    apply,
    changed,
    kept,
    opens,
    person,
    ref,
    wrong,
)


def test_a_revoked_token_stays_revoked(house: Household) -> None:
    """The file does not bring it back, neither under its name nor under another, nor for somebody else."""
    apply(house, JEAN)
    house.wish(OPERATOR, c.RevokeToken(TokenRef("name", "ci", "native"), ref()))
    assert kept(apply(house, JEAN)) == [("token", "jean native ci", "kept: revoked")]
    assert opens(house, VALUE) is Reason.TOKEN_ENDED
    assert wrong(house, JEAN.replace("name: ci", "name: cd")) == [(6, "users[0].tokens[0].value")]
    assert wrong(house, JEAN.replace("jean", "eve")) == [(6, "users[0].tokens[0].value")]
    fresh = JEAN.replace(VALUE, OTHER)
    assert kept(apply(house, fresh)) == [("token", "jean native ci", "kept: revoked")]


def test_a_rotated_token_is_kept(house: Household) -> None:
    """The replaced secret is refused for ever; the new one goes on."""
    apply(house, JEAN)
    new = house.wish(OPERATOR, c.RotateToken(TokenRef("name", "ci", "native"), ref())).secret
    assert kept(apply(house, JEAN)) == [("token", "jean native ci", "kept: changed since")]
    assert opens(house, VALUE) is Reason.TOKEN_ENDED
    assert house.opens(new) is None
    digest = "sha256:" + base64.b64encode(hashlib.sha256(VALUE.encode()).digest()).decode()
    assert wrong(house, f'users:\n  - login: eve\n    tokens: [{{digest: "{digest}"}}]\n') == [
        (3, "users[0].tokens[0].digest")
    ]


def test_a_namesake_made_since_is_kept(house: Household) -> None:
    """A token of that name that somebody issued after a revocation is left alone."""
    apply(house, JEAN)
    house.wish(OPERATOR, c.RevokeToken(TokenRef("name", "ci", "native"), ref()))
    issued = house.wish(OPERATOR, c.IssueToken("personal", "ci", "native", ref()))
    assert kept(apply(house, JEAN)) == [("token", "jean native ci", "kept: changed since")]
    assert house.opens(issued.secret) is None


def test_a_session_of_a_sign_in_is_not_the_files(house: Household) -> None:
    """A nameless session in a file is its own, whoever signs in beside it."""
    file = f'users:\n  - login: jean\n    password: "{PASSWORD}"\n    tokens: [{{kind: session, value: "{VALUE}"}}]\n'
    apply(house, f'users: [{{login: jean, password: "{PASSWORD}"}}]\n')
    house.sign_in("jean", PASSWORD)
    assert changed(apply(house, file)) == [("token", "jean native session", "added")]
    house.sign_in("jean", PASSWORD)
    again = apply(house, file)
    assert (again.changed, again.kept) == ((), ())
    assert opens(house, VALUE) is None


def test_a_password_changed_since_is_kept(house: Household) -> None:
    """Whatever the file says; only `--reset-passwords` overwrites it, and ends sessions."""
    apply(house, JEAN)
    house.wish(OPERATOR, c.SetPassword(ref(), Secret("another passphrase of jean")))
    session = house.sign_in("jean", "another passphrase of jean").secret
    assert kept(apply(house, JEAN)) == [("password", "jean", "kept: changed since")]
    assert house.opens(session) is None
    assert changed(apply(house, JEAN, reset=True)) == [("password", "jean", "reset")]
    assert house.opens(session) is Reason.TOKEN_ENDED
    assert not isinstance(house.sign_in("jean", PASSWORD), Denied)
    assert opens(house, VALUE) is None


def test_a_hash_renewed_at_sign_in_is_the_same_password(house: Household) -> None:
    """What was brought along in another form and renewed since has not changed; a new password has."""
    stored = hashed(PASSWORD).removeprefix("k1:")
    file = f'users: [{{login: jean, password_hash: "{stored}"}}]\n'
    apply(house, file)

    def renew(tx: Tx) -> Kept:
        found = subjects.by_ref(tx, realms.home(tx).id, ref())
        assert found is not None
        passwords.rehash(tx, found.id, 1, hashed(PASSWORD))
        return Kept(None)

    house.store.write(renew)
    assert apply(house, file).kept == ()
    house.wish(OPERATOR, c.SetPassword(ref(), Secret("another passphrase of jean")))
    assert kept(apply(house, file)) == [("password", "jean", "kept: changed since")]


def test_a_password_is_added_where_there_is_none(house: Household) -> None:
    """A user that was there without one gets it once."""
    apply(house, "users: [{login: jean}]\n")
    assert changed(apply(house, JEAN))[-1] == ("token", "jean native ci", "added")
    assert not isinstance(house.sign_in("jean", PASSWORD), Denied)


def test_factors_are_written_once(house: Household) -> None:
    """Another seed is kept, and a factor that was taken away does not come back."""
    file = "users: [{login: jean, factors: [{kind: totp, secret: JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP}]}]\n"
    apply(house, file)
    other = file.replace("JBSWY", "KBSWY")
    assert kept(apply(house, other)) == [("factor", "jean totp", "kept: changed since")]
    factor = person(house).factors[0]

    def take_away(tx: Tx) -> Kept:
        from keyturn.core.types import Actor, Assurance

        factors.remove(tx, factor.id)
        actor = Actor("native", realms.home(tx), Assurance.PRESENTED)
        entry = audit.Entry("factors:remove", "done", None, factor.subject, detail={"kind": "totp"})
        audit.write(tx, 1, actor, entry, house.store.now())
        return Kept(None)

    house.store.write(take_away)
    assert kept(apply(house, file)) == [("factor", "jean totp", "kept: revoked")]
    assert person(house).factors == ()


def test_a_user_deleted_since_stays_deleted(house: Household) -> None:
    """A tombstone keeps its ids; a file that names one of them does not make the user again."""
    file = JEAN + "    number: 4711\n"
    apply(house, file)
    house.wish(OPERATOR, c.DeleteUser(ref()))
    again = apply(house, file)
    assert (changed(again), kept(again)) == ([], [("user", "jean", "kept: revoked")])
    assert opens(house, VALUE) is Reason.TOKEN_ENDED
