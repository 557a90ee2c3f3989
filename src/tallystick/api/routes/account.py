"""Operations on the account: people, sessions, applications, keys, and what they did."""

from http import HTTPStatus

from tallystick.api import (
    applications,
    changes,
    exports,
    keys,
    program_roles,
    roles,
    sessions,
    users,
    wire,
)
from tallystick.api.operations import ANYBODY, MANAGERS, Operation
from tallystick.api.paging import SortedQuery
from tallystick.core.errors import AlreadyExists, InUse, NotFound, NotSignedIn, TooManyAttempts
from tallystick.core.roles import Right
from tallystick.services.callers import CallerKind

PEOPLE = frozenset({CallerKind.PERSON})

SESSIONS = (
    Operation(
        id="createSession",
        method="POST",
        path="/v1/sessions",
        who=ANYBODY,
        body=wire.NewSession,
        answer=wire.SessionBody,
        status=HTTPStatus.CREATED,
        refuses=(NotSignedIn, TooManyAttempts),
        handler=sessions.create_session,
    ),
    Operation(
        id="destroySession",
        method="DELETE",
        path="/v1/sessions",
        who=PEOPLE,
        right=Right.OWN_ACCOUNT,
        status=HTTPStatus.NO_CONTENT,
        handler=sessions.destroy_session,
    ),
)

USERS = (
    Operation(
        id="getUsers",
        method="GET",
        path="/v1/users",
        who=MANAGERS,
        right=Right.OWN_ACCOUNT,
        query=SortedQuery,
        answer=users.UsersBody,
        handler=users.get_all,
    ),
    Operation(
        id="deleteUserByEmail",
        method="POST",
        path="/v1/users/delete",
        who=MANAGERS,
        right=Right.PEOPLE,
        body=users.UserEmail,
        status=HTTPStatus.NO_CONTENT,
        refuses=(NotFound, InUse),
        handler=users.delete_by_email,
    ),
    Operation(
        id="activateUserByEmail",
        method="POST",
        path="/v1/users/activate",
        who=MANAGERS,
        right=Right.PEOPLE,
        body=users.UserEmail,
        status=HTTPStatus.NO_CONTENT,
        refuses=(NotFound,),
        handler=users.activate_by_email,
    ),
    Operation(
        id="deactivateUserByEmail",
        method="POST",
        path="/v1/users/deactivate",
        who=MANAGERS,
        right=Right.PEOPLE,
        body=users.UserEmail,
        status=HTTPStatus.NO_CONTENT,
        refuses=(NotFound, InUse),
        handler=users.deactivate_by_email,
    ),
    Operation(
        id="getUser",
        method="GET",
        path="/v1/users/{userId}",
        who=MANAGERS,
        right=Right.OWN_ACCOUNT,
        answer=users.UserBody,
        handler=users.get_one,
    ),
    Operation(
        id="updateUser",
        method="PUT",
        path="/v1/users/{userId}",
        who=MANAGERS,
        right=Right.OWN_ACCOUNT,
        body=users.UpdateUser,
        answer=users.UserBody,
        refuses=(InUse,),
        handler=users.put_user,
    ),
    Operation(
        id="deleteUser",
        method="DELETE",
        path="/v1/users/{userId}",
        who=MANAGERS,
        right=Right.PEOPLE,
        status=HTTPStatus.NO_CONTENT,
        refuses=(InUse,),
        handler=users.delete_user,
    ),
    Operation(
        id="listAllRolesV2",
        method="GET",
        path="/v2/roles",
        who=MANAGERS,
        right=Right.PEOPLE,
        answer=roles.RolesBody,
        handler=roles.get_all,
    ),
    Operation(
        id="getRoleV2",
        method="GET",
        path="/v2/roles/{roleId}",
        who=MANAGERS,
        right=Right.PEOPLE,
        answer=roles.RoleBody,
        handler=roles.get_one,
    ),
)

PROGRAM_ROLES = (
    Operation(
        id="getUserProgramRoles",
        method="GET",
        path="/v1/users/{userId}/program_roles",
        who=MANAGERS,
        right=Right.OWN_ACCOUNT,
        answer=program_roles.ProgramRoles,
        handler=program_roles.get_program_roles,
    ),
    Operation(
        id="setUserProgramRoles",
        method="PUT",
        path="/v1/users/{userId}/program_roles",
        who=MANAGERS,
        right=Right.PEOPLE,
        body=program_roles.ProgramRoles,
        answer=program_roles.ProgramRoles,
        handler=program_roles.put_program_roles,
    ),
)

APPLICATIONS = (
    Operation(
        id="getApplications",
        method="GET",
        path="/v1/applications",
        who=MANAGERS,
        right=Right.SEE,
        query=SortedQuery,
        answer=applications.ApplicationsBody,
        handler=applications.get_all,
    ),
    Operation(
        id="createApplication",
        method="POST",
        path="/v1/applications",
        who=MANAGERS,
        right=Right.PROGRAMS,
        body=applications.NewApplication,
        answer=applications.ApplicationBody,
        status=HTTPStatus.CREATED,
        refuses=(AlreadyExists,),
        handler=applications.post_application,
    ),
    Operation(
        id="getApplication",
        method="GET",
        path="/v1/applications/{applicationId}",
        who=MANAGERS,
        right=Right.SEE,
        answer=applications.ApplicationBody,
        handler=applications.get_one,
    ),
)

KEYS = (
    Operation(
        id="createApplicationAPIKey",
        method="POST",
        path="/v1/applications/{applicationId}/api_keys",
        who=MANAGERS,
        right=Right.KEYS,
        body=keys.CreateApplicationAPIKey,
        answer=keys.NewApplicationAPIKey,
        status=HTTPStatus.CREATED,
        shown_once=True,
        handler=keys.post_application_key,
    ),
    Operation(
        id="listApplicationAPIKeys",
        method="GET",
        path="/v1/applications/{applicationId}/api_keys",
        who=MANAGERS,
        right=Right.KEYS,
        answer=keys.ApplicationAPIKeysBody,
        handler=keys.get_application_keys,
    ),
    Operation(
        id="deleteApplicationAPIKey",
        method="DELETE",
        path="/v1/applications/{applicationId}/api_keys/{keyId}",
        who=MANAGERS,
        right=Right.KEYS,
        status=HTTPStatus.NO_CONTENT,
        handler=keys.delete_application_key,
    ),
    # People only: a key that could make keys would open whatever it likes.
    Operation(
        id="createManagementKey",
        method="POST",
        path="/v1/management_keys",
        who=PEOPLE,
        right=Right.KEYS,
        body=keys.CreateManagementKey,
        answer=keys.NewManagementKey,
        status=HTTPStatus.CREATED,
        shown_once=True,
        handler=keys.post_management_key,
    ),
    Operation(
        id="listManagementKeys",
        method="GET",
        path="/v1/management_keys",
        who=PEOPLE,
        right=Right.KEYS,
        answer=keys.ManagementKeysBody,
        handler=keys.get_management_keys,
    ),
    Operation(
        id="deleteManagementKey",
        method="DELETE",
        path="/v1/management_keys/{keyId}",
        who=PEOPLE,
        right=Right.KEYS,
        status=HTTPStatus.NO_CONTENT,
        handler=keys.delete_management_key,
    ),
)

RECORDS = (
    Operation(
        id="getChanges",
        method="GET",
        path="/v1/changes",
        who=MANAGERS,
        right=Right.AUDIT,
        query=changes.ChangesQuery,
        answer=changes.ChangesBody,
        handler=changes.get_all,
    ),
    Operation(
        id="getExports",
        method="GET",
        path="/v1/exports",
        who=MANAGERS,
        right=Right.AUDIT,
        query=exports.ExportsQuery,
        answer=exports.ExportsBody,
        handler=exports.get_all,
    ),
)

OPERATIONS = (*SESSIONS, *USERS, *PROGRAM_ROLES, *APPLICATIONS, *KEYS, *RECORDS)
