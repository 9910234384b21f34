"""What makes a request of an operation of the Puppet wire one that comes true, given who asks and whom it is about."""

import itertools
from collections.abc import Callable
from typing import Any

from keyturn.core import commands as c
from keyturn.core import membership as m
from tests.houses import PASSWORD

AFTERWARDS = "another passphrase of this person"
PERMISSION = {"object_type": "users", "action": "view", "instance": "*"}
ON_USERS = {"object_type": "users", "action": "edit"}
NUMBERS = itertools.count()
Asked = dict[str, Any]


def _path(**parameters: str) -> Asked:
    return {"path_parameters": parameters}


def _body(**fields: Any) -> Asked:
    return {"body": fields}


def _other(**fields: Any) -> Callable[[Any], Asked]:
    return lambda v: _path(sid=v.other.subject.uuid) | (_body(**fields) if fields else {})


def _user(**fields: Any) -> Callable[[Any], Asked]:
    return lambda v: _body(user_id=v.other.subject.uuid, **fields)


def _role(v: Any) -> int:
    """A role of one's own making."""
    made: int = v.home.wish(v.held, m.CreateRole(f"Role {next(NUMBERS)}")).role.role.number
    return made


def _group(v: Any) -> str:
    """A group that was written down."""
    made: str = v.home.wish(v.held, m.CreateGroup(f"cn=made-{next(NUMBERS)}")).group.uuid
    return made


def _disclaimed(v: Any) -> Asked:
    v.home.wish(v.held, c.EditRealm(settings={"puppet.disclaimer": "Be kind."}))
    return {}


def _of_group(v: Any) -> Asked:
    return _body(role_id=3, group_ids=[_group(v)])


def _of_user(v: Any) -> Asked:
    return _body(role_id=3, user_ids=[v.other.subject.uuid])


def _permitting(v: Any) -> Asked:
    return _body(role_id=_role(v), permissions=[PERMISSION])


def _new_group(v: Any) -> Asked:
    return _body(login=f"cn={v.other.login}")


def _of_rbac(v: Any) -> Asked:
    return {"query": {"service_id": "rbac"}}


GOOD: dict[str, Callable[[Any], Asked]] = {
    # passwords and tokens
    "createToken": lambda v: _body(login=v.other.login, password=PASSWORD),
    "resetPassword": lambda v: _body(token=v.reset(), password=AFTERWARDS),
    "createPasswordReset": _other(),
    "changePassword": lambda v: _body(current_password=PASSWORD, password=AFTERWARDS),
    "changePasswordByPost": lambda v: _body(current_password=PASSWORD, password=AFTERWARDS),
    "validatePassword": lambda v: _body(password=AFTERWARDS),
    "validateLogin": lambda v: _body(login="somebody"),
    "listTokens": _other(),
    "authenticateToken": lambda v: _body(token=v.token),
    "revokeTokens": lambda v: {"query": {"revoke_tokens_by_usernames": v.other.login}},
    "revokeToken": lambda v: _path(token=v.home.token(v.other, dialect="puppet").secret.reveal()),
    "showCertificate": lambda v: _path(cn="somebody"),
    "showCertificateByOlderName": lambda v: _path(cn="somebody"),
    # users
    "showUser": _other(),
    "updateUser": _other(is_revoked=True),
    "deleteUser": _other(),
    "addUserRoles": _user(role_ids=[3]),
    "removeUserRoles": _user(role_ids=[3]),
    "revokeUser": _user(),
    "reinstateUser": _user(),
    # roles and groups
    "showRole": lambda v: _path(rid="3"),
    "createRole": lambda v: _body(display_name=f"Of {v.other.login}"),
    "updateRole": lambda v: _path(rid=str(_role(v))) | _body(user_ids=[v.other.subject.uuid]),
    "deleteRole": lambda v: _path(rid=str(_role(v))),
    "addRoleUsers": _of_user,
    "removeRoleUsers": _of_user,
    "addRoleUserGroups": _of_group,
    "addRoleGroups": _of_group,
    "removeRoleUserGroups": _of_group,
    "removeRoleGroups": _of_group,
    "addRolePermissions": _permitting,
    "removeRolePermissions": _permitting,
    "askPermitted": lambda v: _body(token=v.other.subject.uuid, permissions=[PERMISSION]),
    "listPermitted": lambda v: _path(**ON_USERS),
    "listPermittedFor": lambda v: _path(**ON_USERS, sid=v.other.subject.uuid),
    "showGroup": lambda v: _path(sid=_group(v)),
    "createGroup": _new_group,
    "commandCreateGroup": _new_group,
    "createGroup2": _new_group,
    "updateGroup": lambda v: _path(sid=_group(v)) | _body(display_name="Lab"),
    "deleteGroup": lambda v: _path(sid=_group(v)),
    # the rest
    "showDisclaimer": _disclaimed,
    "setDisclaimer": lambda v: _body(disclaimer="Be kind."),
    "putDirectory": lambda v: {"body": {}},
    "listActivity": _of_rbac,
    "listActivityTable": _of_rbac,
}
