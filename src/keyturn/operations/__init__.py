"""The product on one screen: every command with what carries it out, its verb, its right, and its effect."""

from collections.abc import Callable
from typing import Any

from keyturn.core import commands as c
from keyturn.core import membership as m
from keyturn.core.types import Assurance, Bearer, Effect, Frozen
from keyturn.operations import (
    bootstrap,
    certificates,
    delegations,
    factors,
    groups,
    imports,
    introspection,
    members,
    passwords,
    permits,
    realms,
    record,
    resets,
    revocations,
    roles,
    sessions,
    setup,
    tokens,
    users,
)

ANY, MINTS, SESSION = Bearer.ANY, Bearer.NOT_DELEGATED, Bearer.SESSION
NOBODY, PRESENTED = Assurance.NOBODY, Assurance.PRESENTED
STEPPED_UP, REPROVED = Assurance.STEPPED_UP, Assurance.REPROVED
READ, CHANGE, KILL = Effect.READ, Effect.CHANGE, Effect.KILL


class Entry(Frozen):
    """One command of the product.

    Shapes   verb: the audit name; right: `noun:action`, None = none is needed; about: the field of the wish
             that names whom or which token it is about; own: no right is needed for oneself
             assurance: how well the actor must be known; bearer: whose tokens may carry it at all
             weighs: the operation looks at the actor's grants itself
             ranked: nobody does it to somebody above them; enrolment: allowed while a factor is still due
    """

    run: Callable[..., Any]
    verb: str
    effect: Effect
    right: str | None = None
    about: str = ""
    own: bool = False
    assurance: Assurance = Assurance.PRESENTED
    bearer: Bearer = Bearer.ANY
    ranked: bool = False
    enrolment: bool = False
    weighs: bool = False
    prepare: Callable[..., Any] | None = None


# fmt: off
CONTENTS: dict[type[Any], Entry] = {
    # sessions
    c.OpenSession:     Entry(sessions.open_session, "sessions:open", CHANGE, assurance=NOBODY),
    c.DeriveSession:   Entry(sessions.derive_session, "sessions:derive", CHANGE, bearer=SESSION),
    c.ResumeSession:   Entry(sessions.resume_session, "sessions:resume", READ),
    c.EndSession:      Entry(sessions.end_session, "sessions:end", KILL, enrolment=True),
    c.EndSessions:     Entry(sessions.end_sessions, "sessions:end_all", KILL, "users:disable", "subject", own=True, bearer=SESSION, ranked=True),
    c.ListSessions:    Entry(sessions.list_sessions, "sessions:list", READ),
    c.ShowSelf:        Entry(sessions.show_self, "self:show", READ, enrolment=True),
    # passwords and resets
    c.ChangePassword:  Entry(passwords.change_password, "passwords:change", KILL, assurance=REPROVED, bearer=SESSION, prepare=passwords.prepare_change),
    c.SetPassword:     Entry(passwords.set_password, "passwords:set", KILL, "users:reset_password", "subject", bearer=MINTS, ranked=True, prepare=passwords.prepare_set),
    c.IssueReset:      Entry(resets.issue_reset, "resets:issue", KILL, "users:reset_password", "subject", bearer=MINTS, ranked=True),
    c.RequestReset:    Entry(resets.request_reset, "resets:request", KILL, assurance=NOBODY),
    c.RedeemReset:     Entry(resets.redeem_reset, "resets:redeem", KILL, assurance=NOBODY, prepare=resets.prepare_redeem),
    c.CheckPassword:   Entry(resets.check_password, "passwords:check", READ, assurance=NOBODY),
    c.CheckLogin:      Entry(passwords.check_login, "users:check_login", READ),
    # tokens
    c.IssueToken:      Entry(tokens.issue_token, "tokens:issue", CHANGE, "tokens:mint_for", "subject", own=True, assurance=STEPPED_UP, bearer=MINTS, ranked=True),
    c.ListTokens:      Entry(tokens.list_tokens, "tokens:list", READ, "tokens:view", "owner", own=True),
    c.ShowToken:       Entry(tokens.show_token, "tokens:show", READ, "tokens:view", "token", own=True),
    c.EditToken:       Entry(tokens.edit_token, "tokens:edit", CHANGE, "tokens:revoke", "token", own=True, bearer=MINTS, ranked=True),
    c.RotateToken:     Entry(tokens.rotate_token, "tokens:rotate", KILL, "tokens:mint_for", "token", own=True, bearer=MINTS, ranked=True),
    c.RevokeToken:     Entry(tokens.revoke_token, "tokens:revoke", KILL, "tokens:revoke", "token", own=True, bearer=MINTS, ranked=True),
    c.RevokeSecret:    Entry(tokens.revoke_secret, "tokens:revoke_secret", KILL, weighs=True),
    c.RevokeTokens:    Entry(revocations.revoke_tokens, "tokens:revoke_many", KILL, bearer=MINTS, weighs=True),
    c.ShowCertificate: Entry(certificates.show_certificate, "certificates:show", READ, "users:view"),
    c.Introspect:      Entry(introspection.introspect, "tokens:introspect", READ, "tokens:introspect"),
    c.IssueDelegation: Entry(delegations.issue_delegation, "delegations:issue", CHANGE, "users:act_for", "subject", assurance=STEPPED_UP, bearer=MINTS),
    # users
    c.CreateUser:      Entry(users.create_user, "users:create", CHANGE, "users:create", bearer=MINTS, prepare=users.prepare_create),
    c.Register:        Entry(users.register, "users:register", CHANGE, assurance=NOBODY, prepare=users.prepare_register),
    c.CheckName:       Entry(users.check_name, "users:check_name", READ),
    c.ShowUser:        Entry(users.show_user, "users:show", READ, "users:view", "subject", own=True),
    c.ListUsers:       Entry(users.list_users, "users:list", READ, "users:view"),
    c.EditUser:        Entry(users.edit_user, "users:edit", KILL, "users:edit", "subject", bearer=MINTS, ranked=True, prepare=users.prepare_edit),
    c.EditSelf:        Entry(users.edit_self, "self:edit", KILL, bearer=MINTS),
    c.ChangeSelf:      Entry(users.change_self, "self:change", KILL, assurance=REPROVED, bearer=SESSION, prepare=users.prepare_change_self),
    c.SetRoles:        Entry(users.set_roles, "users:set_roles", KILL, "roles:edit_members", "subject", bearer=MINTS, ranked=True),
    c.SuspendUser:     Entry(users.suspend_user, "users:suspend", KILL, "users:disable", "subject", bearer=MINTS, ranked=True),
    c.ReinstateUser:   Entry(users.reinstate_user, "users:reinstate", KILL, "users:disable", "subject", bearer=MINTS, ranked=True),
    c.UnlockUser:      Entry(users.unlock_user, "users:unlock", KILL, "users:disable", "subject", bearer=MINTS, ranked=True),
    c.DeleteUser:      Entry(users.delete_user, "users:delete", KILL, "users:edit", "subject", bearer=MINTS, ranked=True),
    # factors
    c.ListFactors:     Entry(factors.list_factors, "factors:list", READ, "users:view", "subject", own=True, enrolment=True),
    c.EnrolFactor:     Entry(factors.enrol_factor, "factors:enrol", CHANGE, assurance=STEPPED_UP, bearer=SESSION, enrolment=True),
    c.ConfirmFactor:   Entry(factors.confirm_factor, "factors:confirm", KILL, bearer=SESSION, enrolment=True),
    c.RemoveFactor:    Entry(factors.remove_factor, "factors:remove", KILL, "users:edit", "subject", own=True, assurance=STEPPED_UP, bearer=SESSION, ranked=True),
    c.ResetFactors:    Entry(factors.reset_factors, "factors:reset", KILL, "users:edit", "subject", own=True, assurance=STEPPED_UP, bearer=SESSION, ranked=True),
    c.CountCodes:      Entry(factors.count_codes, "factors:count_codes", READ),
    c.MailCode:        Entry(factors.mail_code, "factors:mail_code", CHANGE, assurance=NOBODY),
    # realms, roles
    c.ListRealms:      Entry(realms.list_realms, "realms:list", READ, "realms:view"),
    c.ShowRealm:       Entry(realms.show_realm, "realms:show", READ, "policy:view"),
    c.CreateRealm:     Entry(realms.create_realm, "realms:create", CHANGE, "realms:create", bearer=MINTS),
    c.EditRealm:       Entry(realms.edit_realm, "realms:edit", KILL, "policy:edit", bearer=MINTS),
    c.ListRoles:       Entry(roles.list_roles, "roles:list", READ, "roles:view"),
    c.ShowRole:        Entry(roles.show_role, "roles:show", READ, "roles:view"),
    c.PutRole:         Entry(roles.put_role, "roles:put", KILL, "roles:edit", bearer=MINTS),
    c.EditRole:        Entry(roles.edit_role, "roles:edit", KILL, "roles:edit", bearer=MINTS),
    # roles by number, who holds them, what they allow; groups
    m.PutUser:         Entry(users.put_user, "users:put", KILL, bearer=MINTS, weighs=True),
    m.ChangeRoles:     Entry(users.change_roles, "users:change_roles", KILL, "roles:edit_members", "subject", bearer=MINTS, ranked=True),
    m.ListHeldRoles:   Entry(members.list_held_roles, "roles:list_held", READ, "roles:view"),
    m.ShowHeldRole:    Entry(members.show_held_role, "roles:show_held", READ, "roles:view"),
    m.CreateRole:      Entry(members.create_role, "roles:create", CHANGE, "roles:edit", bearer=MINTS),
    m.ReplaceRole:     Entry(members.replace_role, "roles:replace", KILL, bearer=MINTS, weighs=True),
    m.ChangeMembers:   Entry(members.change_members, "roles:change_members", KILL, bearer=MINTS, weighs=True),
    m.ChangePermissions: Entry(members.change_permissions, "roles:change_permissions", KILL, "roles:edit", bearer=MINTS),
    m.DeleteRole:      Entry(members.delete_role, "roles:delete", KILL, "roles:edit", bearer=MINTS),
    m.AskPermitted:    Entry(permits.ask_permitted, "permissions:ask", READ, weighs=True),
    m.ListTargets:     Entry(permits.list_targets, "permissions:list_targets", READ, weighs=True),
    m.ListGroups:      Entry(groups.list_groups, "groups:list", READ, "roles:view"),
    m.ShowGroup:       Entry(groups.show_group, "groups:show", READ, "roles:view"),
    m.CreateGroup:     Entry(groups.create_group, "groups:create", CHANGE, "roles:edit_members", bearer=MINTS),
    m.EditGroup:       Entry(groups.edit_group, "groups:edit", CHANGE, "roles:edit_members", bearer=MINTS),
    m.DeleteGroup:     Entry(groups.delete_group, "groups:delete", CHANGE, "roles:edit_members", bearer=MINTS),
    # the record, the start
    m.ListActivity:    Entry(record.list_activity, "audit:activity", READ, "audit:view"),
    m.CheckStore:      Entry(record.check_store, "store:check", READ, assurance=NOBODY),
    c.ListAudit:       Entry(record.list_audit, "audit:list", READ, "audit:view"),
    c.Apply:           Entry(bootstrap.apply, "bootstrap:apply", KILL, "realms:create", bearer=MINTS, prepare=bootstrap.prepare_apply),
    c.Import:          Entry(imports.import_users, "imports:take", CHANGE, "realms:create", bearer=MINTS),
    c.CheckImport:     Entry(imports.check_import, "imports:check", READ, "realms:create"),
    c.IssueSetup:      Entry(setup.issue_setup, "setup:issue", KILL),
    c.SetUp:           Entry(setup.set_up, "setup:redeem", KILL, assurance=NOBODY, prepare=setup.prepare_setup),
}
# fmt: on
