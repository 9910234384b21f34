"""Users: people and machines, added, found, changed, suspended and deleted."""

from keyturn.operations.users.editing import (
    change_self,
    edit_self,
    edit_user,
    prepare_change_self,
    prepare_edit,
    set_roles,
)
from keyturn.operations.users.looking import check_name, list_users, show_user
from keyturn.operations.users.making import create_user, prepare_create, prepare_register, register
from keyturn.operations.users.putting import change_roles, put_user
from keyturn.operations.users.standing import delete_user, reinstate_user, suspend_user, unlock_user

__all__ = [
    "change_roles",
    "change_self",
    "check_name",
    "create_user",
    "delete_user",
    "edit_self",
    "edit_user",
    "list_users",
    "prepare_change_self",
    "prepare_create",
    "prepare_edit",
    "prepare_register",
    "put_user",
    "register",
    "reinstate_user",
    "set_roles",
    "show_user",
    "suspend_user",
    "unlock_user",
]
