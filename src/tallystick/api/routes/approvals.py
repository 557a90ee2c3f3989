"""Operations on what waits for a second person. Nothing does until a program says so."""

from tallystick.api import approvals
from tallystick.api.operations import MANAGERS, PEOPLE, Operation
from tallystick.api.routes.paths import PROGRAM
from tallystick.core.errors import AlreadyDecided, InUse, NotNow
from tallystick.core.roles import Right

APPROVALS = PROGRAM + "/approvals"
APPROVAL = APPROVALS + "/{approvalId}"
FOUR_EYES = PROGRAM + "/four_eyes"

OPERATIONS = (
    Operation(
        id="getApprovals",
        method="GET",
        path=APPROVALS,
        who=MANAGERS,
        right=Right.POST_POINTS,
        query=approvals.ApprovalsQuery,
        answer=approvals.ApprovalsBody,
        handler=approvals.get_all,
    ),
    Operation(
        id="getApproval",
        method="GET",
        path=APPROVAL,
        who=MANAGERS,
        right=Right.POST_POINTS,
        answer=approvals.ApprovalBody,
        handler=approvals.get_one,
    ),
    Operation(
        id="grantApproval",
        method="POST",
        path=APPROVAL + "/approve",
        who=PEOPLE,
        right=Right.APPROVE,
        body=approvals.DecisionWish,
        answer=approvals.ApprovalBody,
        refuses=(AlreadyDecided, NotNow),
        handler=approvals.approve,
    ),
    Operation(
        id="rejectApproval",
        method="POST",
        path=APPROVAL + "/reject",
        who=PEOPLE,
        right=Right.APPROVE,
        body=approvals.DecisionWish,
        answer=approvals.ApprovalBody,
        refuses=(AlreadyDecided,),
        handler=approvals.reject,
    ),
    Operation(
        id="withdrawApproval",
        method="POST",
        path=APPROVAL + "/withdraw",
        who=MANAGERS,
        right=Right.POST_POINTS,
        answer=approvals.ApprovalBody,
        refuses=(AlreadyDecided,),
        handler=approvals.withdraw,
    ),
    Operation(
        id="getFourEyes",
        method="GET",
        path=FOUR_EYES,
        who=MANAGERS,
        right=Right.SEE,
        answer=approvals.FourEyesBody,
        handler=approvals.get_four_eyes,
    ),
    Operation(
        id="setFourEyes",
        method="PUT",
        path=FOUR_EYES,
        who=PEOPLE,
        right=Right.PROGRAMS,
        body=approvals.FourEyesBody,
        answer=approvals.FourEyesBody,
        waits=approvals.ApprovalBody,
        refuses=(InUse,),
        handler=approvals.put_four_eyes,
    ),
)
