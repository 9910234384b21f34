"""The doors of this wire that lead to users, one row each."""

from keyturn.core import commands as c
from keyturn.core import membership as m
from keyturn.core.outcomes import Reason
from keyturn.dialects.puppet import user_bodies as ub
from keyturn.dialects.puppet import user_reading as r
from keyturn.dialects.puppet import user_writing as w
from keyturn.dialects.puppet.bodies import Done, User
from keyturn.dialects.puppet.reading import by_token
from keyturn.dialects.puppet.refusals import error
from keyturn.dialects.puppet.writing import user_shown
from keyturn.wire import Route

V1, V2 = "/rbac-api/v1", "/rbac-api/v2"
REMOTE = {
    Reason.REMOTE_ACCOUNT: error(403, "permission-denied", "The user is a remote user: its names are not kept here.")
}

# fmt: off
USER_ROUTES = (
    Route("POST", f"{V1}/users", c.CreateUser, by_token(r.create_user), w.user_made, "createUser",
          "Add a user, with a password or without", body=ub.UserMade, answer=Done, status=201),
    Route("PUT", f"{V1}/users/{{sid}}", m.PutUser, by_token(r.put_user), user_shown, "updateUser",
          "Have a user be as given; each difference wants its own right", body=ub.UserPut, answer=User, refusals=REMOTE),
    Route("DELETE", f"{V1}/users/{{sid}}", c.DeleteUser, by_token(r.delete_user), w.nothing, "deleteUser",
          "Delete a user", status=204),
    Route("POST", f"{V1}/command/users/add-roles", m.ChangeRoles, by_token(r.add_roles), w.nothing, "addUserRoles",
          "Give a user roles", body=ub.UserRoles, status=204),
    Route("POST", f"{V1}/command/users/remove-roles", m.ChangeRoles, by_token(r.remove_roles), w.nothing,
          "removeUserRoles", "Take roles from a user", body=ub.UserRoles, status=204),
    Route("POST", f"{V1}/command/users/revoke", c.SuspendUser, by_token(r.revoke), w.nothing, "revokeUser",
          "Stop a user", body=ub.OneUser, status=204),
    Route("POST", f"{V1}/command/users/reinstate", c.ReinstateUser, by_token(r.reinstate), w.nothing, "reinstateUser",
          "Let a stopped or locked-out user in again", body=ub.OneUser, status=204),
    Route("GET", f"{V2}/users", c.ListUsers, by_token(r.page_of_users), w.users_page, "listUsersByPage",
          "A page of users, searched and in an order", answer=ub.UserPage,
          query=("offset", "limit", "order", "order_by", "filter", "include_roles")),
)
# fmt: on
