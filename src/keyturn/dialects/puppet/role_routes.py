"""The doors of this wire that lead to roles, permissions, groups and the disclaimer, one row each."""

from keyturn.core import commands as c
from keyturn.core import membership as m
from keyturn.dialects.puppet import role_bodies as b
from keyturn.dialects.puppet import role_reading as r
from keyturn.dialects.puppet import role_writing as w
from keyturn.dialects.puppet.bodies import Done
from keyturn.dialects.puppet.reading import by_token, show_self
from keyturn.dialects.puppet.refusals import ROLES
from keyturn.dialects.puppet.user_writing import nothing
from keyturn.wire import Route

V1, V2 = "/rbac-api/v1", "/rbac-api/v2"

# fmt: off
ROLE_ROUTES = (
    Route("GET", f"{V1}/roles", m.ListHeldRoles, by_token(r.list_roles), w.roles, "listRoles",
          "All roles with their permissions and members", answer=list[b.Role]),
    Route("GET", f"{V1}/roles/{{rid}}", m.ShowHeldRole, by_token(r.show_role), w.role, "showRole", "One role", answer=b.Role),
    Route("POST", f"{V1}/roles", m.CreateRole, by_token(r.create_role), w.role_made, "createRole",
          "Add a role", body=b.RoleBody, answer=Done, status=201, refusals=ROLES),
    Route("PUT", f"{V1}/roles/{{rid}}", m.ReplaceRole, by_token(r.replace_role), w.role, "updateRole",
          "Have a role be as given; each difference wants its own right", body=b.RoleBody, answer=b.Role, refusals=ROLES),
    Route("DELETE", f"{V1}/roles/{{rid}}", m.DeleteRole, by_token(r.delete_role), w.done, "deleteRole",
          "Take a role away, and with it from everybody", answer=Done),
    Route("POST", f"{V1}/command/roles/add-users", m.ChangeMembers, by_token(r.add_users), nothing, "addRoleUsers",
          "Give users a role", body=b.RoleUsers, status=204),
    Route("POST", f"{V1}/command/roles/remove-users", m.ChangeMembers, by_token(r.remove_users), nothing,
          "removeRoleUsers", "Take a role from users", body=b.RoleUsers, status=204),
    Route("POST", f"{V1}/command/roles/add-user-groups", m.ChangeMembers, by_token(r.add_groups), nothing,
          "addRoleUserGroups", "Write a role down for groups", body=b.RoleGroups, status=204),
    Route("POST", f"{V1}/command/roles/add-groups", m.ChangeMembers, by_token(r.add_groups), nothing,
          "addRoleGroups", "The same by another name", body=b.RoleGroups, status=204),
    Route("POST", f"{V1}/command/roles/remove-user-groups", m.ChangeMembers, by_token(r.remove_groups), nothing,
          "removeRoleUserGroups", "Take a role from groups", body=b.RoleGroups, status=204),
    Route("POST", f"{V1}/command/roles/remove-groups", m.ChangeMembers, by_token(r.remove_groups), nothing,
          "removeRoleGroups", "The same by another name", body=b.RoleGroups, status=204),
    Route("POST", f"{V1}/command/roles/add-permissions", m.ChangePermissions, by_token(r.add_permissions), nothing,
          "addRolePermissions", "Put permissions into a role", body=b.RolePermissions, status=204),
    Route("POST", f"{V1}/command/roles/remove-permissions", m.ChangePermissions, by_token(r.remove_permissions), nothing,
          "removeRolePermissions", "Take permissions out of a role", body=b.RolePermissions, status=204),
    Route("GET", f"{V1}/types", c.ShowSelf, by_token(show_self), w.types, "listTypes",
          "What permissions are about", answer=list[b.TypeShown]),
    Route("POST", f"{V1}/permitted", m.AskPermitted, by_token(r.ask_permitted), w.permitted, "askPermitted",
          "Which permissions a user or group has", body=b.Question, answer=list[bool]),
    Route("GET", f"{V1}/permitted/{{object_type}}/{{action}}", m.ListTargets, by_token(r.list_targets), w.targets,
          "listPermitted", "On what the caller may do it", answer=list[str]),
    Route("GET", f"{V1}/permitted/{{object_type}}/{{action}}/{{sid}}", m.ListTargets, by_token(r.list_targets), w.targets,
          "listPermittedFor", "On what a user or group may do it", answer=list[str]),
    Route("GET", f"{V1}/groups", m.ListGroups, by_token(lambda request, settings: m.ListGroups()), w.groups, "listGroups",
          "All groups that were written down", answer=list[b.Group]),
    Route("GET", f"{V1}/groups/{{sid}}", m.ShowGroup, by_token(r.show_group), w.group, "showGroup", "One group",
          answer=b.Group),
    Route("POST", f"{V1}/groups", m.CreateGroup, by_token(r.create_group), w.group_made, "createGroup",
          "Write a group down; it lets nobody in", body=b.GroupBody, answer=Done, status=201),
    Route("POST", f"{V1}/command/groups/create", m.CreateGroup, by_token(r.create_group), w.group_made, "commandCreateGroup",
          "Write a group down, by the newer name", body=b.GroupBody, answer=Done, status=201),
    Route("POST", f"{V2}/groups", m.CreateGroup, by_token(r.create_group), w.group_found, "createGroup2",
          "Write a group down, answered as a redirection", body=b.GroupBody, status=303),
    Route("PUT", f"{V1}/groups/{{sid}}", m.EditGroup, by_token(r.edit_group), w.group, "updateGroup",
          "Change a group's name and roles", body=b.GroupBody, answer=b.Group),
    Route("DELETE", f"{V1}/groups/{{sid}}", m.DeleteGroup, by_token(r.delete_group), nothing, "deleteGroup",
          "Forget a group", status=204),
    Route("GET", f"{V1}/config/disclaimer", c.ShowRealm, by_token(r.show_realm), w.disclaimer, "showDisclaimer",
          "The words shown at sign-in", answer=b.Disclaimer),
    Route("POST", f"{V1}/command/config/set-disclaimer", c.EditRealm, by_token(r.set_disclaimer), nothing, "setDisclaimer",
          "Set the words shown at sign-in", body=b.Disclaimer, status=204),
    Route("POST", f"{V1}/command/config/remove-disclaimer", c.EditRealm, by_token(r.remove_disclaimer), nothing,
          "removeDisclaimer", "Show no words at sign-in", status=204),
    Route("GET", f"{V1}/ds", c.ShowRealm, by_token(r.show_realm), w.done, "showDirectory",
          "There is no directory service", answer=Done),
    Route("PUT", f"{V1}/ds", c.ShowRealm, by_token(r.empty_directory), w.done, "putDirectory",
          "Say that there is no directory service", body=Done, answer=Done, needs="policy:edit"),
)
# fmt: on
