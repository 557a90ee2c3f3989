"""Operations on imports as jobs, and on the files they begin with."""

from http import HTTPStatus

from tallystick.api import approvals, import_jobs
from tallystick.api.operations import MANAGERS, Operation
from tallystick.api.routes.paths import PROGRAM
from tallystick.core.errors import AlreadyUndone, InUse, NotSupported
from tallystick.core.roles import Right
from tallystick.edges.uploads import FIELD

IMPORTS = PROGRAM + "/imports"
IMPORT = IMPORTS + "/{importId}"

OPERATIONS = (
    Operation(
        id="createImport",
        method="POST",
        path=IMPORTS,
        who=MANAGERS,
        right=Right.IMPORT,
        query=import_jobs.NewImportQuery,
        upload=FIELD,
        answer=import_jobs.ImportJobBody,
        status=HTTPStatus.CREATED,
        waits=approvals.ApprovalBody,
        handler=import_jobs.post_import,
    ),
    Operation(
        id="getImports",
        method="GET",
        path=IMPORTS,
        who=MANAGERS,
        right=Right.IMPORT,
        query=import_jobs.ImportsQuery,
        answer=import_jobs.ImportJobsBody,
        handler=import_jobs.get_imports,
    ),
    Operation(
        id="getImport",
        method="GET",
        path=IMPORT,
        who=MANAGERS,
        right=Right.IMPORT,
        answer=import_jobs.ImportJobBody,
        handler=import_jobs.get_import,
    ),
    Operation(
        id="deleteImport",
        method="DELETE",
        path=IMPORT,
        who=MANAGERS,
        right=Right.IMPORT,
        status=HTTPStatus.NO_CONTENT,
        refuses=(InUse,),
        handler=import_jobs.delete_import,
    ),
    Operation(
        id="checkImport",
        method="POST",
        path=IMPORT + "/check",
        who=MANAGERS,
        right=Right.IMPORT,
        answer=import_jobs.ImportJobBody,
        refuses=(InUse, NotSupported),
        handler=import_jobs.check_import,
    ),
    Operation(
        id="startImport",
        method="POST",
        path=IMPORT + "/start",
        who=MANAGERS,
        right=Right.IMPORT,
        query=import_jobs.StartQuery,
        answer=import_jobs.ImportJobBody,
        waits=approvals.ApprovalBody,
        refuses=(InUse, NotSupported),
        handler=import_jobs.start_import,
    ),
    Operation(
        id="previewImportUndo",
        method="GET",
        path=IMPORT + "/undo",
        who=MANAGERS,
        right=Right.IMPORT,
        answer=import_jobs.UndoPreviewBody,
        refuses=(InUse, NotSupported),
        handler=import_jobs.get_undo,
    ),
    Operation(
        id="undoImport",
        method="POST",
        path=IMPORT + "/undo",
        who=MANAGERS,
        right=Right.IMPORT,
        query=import_jobs.UndoQuery,
        answer=import_jobs.ImportJobBody,
        waits=approvals.ApprovalBody,
        refuses=(AlreadyUndone, InUse, NotSupported),
        handler=import_jobs.undo_import,
    ),
    Operation(
        id="getImportReport",
        method="GET",
        path=IMPORT + "/report",
        who=MANAGERS,
        right=Right.IMPORT,
        media_type="text/csv",
        refuses=(NotSupported,),
        handler=import_jobs.get_report,
    ),
    Operation(
        id="getImportFile",
        method="GET",
        path=IMPORT + "/file",
        who=MANAGERS,
        right=Right.IMPORT,
        media_type="application/octet-stream",
        refuses=(NotSupported,),
        handler=import_jobs.get_file,
    ),
    Operation(
        id="getImportSample",
        method="GET",
        path="/v1/import_samples/{format}",
        who=MANAGERS,
        right=Right.IMPORT,
        media_type="text/csv",
        handler=import_jobs.get_sample,
    ),
)
