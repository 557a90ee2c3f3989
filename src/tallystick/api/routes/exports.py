"""Operations on files that are taken out of the books."""

from http import HTTPStatus

from tallystick.api import export_files, export_jobs
from tallystick.api.operations import MANAGERS, Operation
from tallystick.api.routes.paths import PROGRAM
from tallystick.core.errors import InUse, NotSupported
from tallystick.core.roles import Right

EXPORTS = PROGRAM + "/exports"
EXPORT = EXPORTS + "/{exportId}"

OPERATIONS = (
    Operation(
        id="exportLoyaltyBalances",
        method="GET",
        path=PROGRAM + "/export_customer_balances",
        who=MANAGERS,
        right=Right.EXPORT,
        query=export_files.BalancesFileQuery,
        media_type="text/csv",
        more_media_types=export_files.BESIDE_CSV,
        handler=export_files.get_balances,
    ),
    Operation(
        id="exportLoyaltyBalance",
        method="GET",
        path=PROGRAM + "/export_customer_balance",
        who=MANAGERS,
        right=Right.EXPORT,
        query=export_files.BalancesFileQuery,
        media_type="text/csv",
        more_media_types=export_files.BESIDE_CSV,
        handler=export_files.get_balances,
    ),
    Operation(
        id="exportLoyaltyProgramLog",
        method="GET",
        path=PROGRAM + "/export_log",
        who=MANAGERS,
        right=Right.EXPORT,
        query=export_files.ProgramLogQuery,
        media_type="text/csv",
        more_media_types=export_files.BESIDE_CSV,
        handler=export_files.get_program_log,
    ),
    Operation(
        id="exportLoyaltyExpiring",
        method="GET",
        path=PROGRAM + "/export_expiring",
        who=MANAGERS,
        right=Right.EXPORT,
        query=export_files.ExpiringQuery,
        media_type="text/csv",
        more_media_types=export_files.BESIDE_CSV,
        handler=export_files.get_expiring,
    ),
    Operation(
        id="exportDashboard",
        method="GET",
        path=PROGRAM + "/dashboard/export",
        who=MANAGERS,
        right=Right.EXPORT,
        query=export_files.DashboardFileQuery,
        media_type="text/csv",
        more_media_types=export_files.BESIDE_CSV,
        handler=export_files.get_dashboard,
    ),
    Operation(
        id="createExport",
        method="POST",
        path=EXPORTS,
        who=MANAGERS,
        right=Right.EXPORT,
        body=export_jobs.NewExport,
        answer=export_jobs.ExportJobBody,
        status=HTTPStatus.CREATED,
        handler=export_jobs.post_export,
    ),
    Operation(
        id="getExportJobs",
        method="GET",
        path=EXPORTS,
        who=MANAGERS,
        right=Right.EXPORT,
        query=export_jobs.ExportJobsQuery,
        answer=export_jobs.ExportJobsBody,
        handler=export_jobs.get_exports,
    ),
    Operation(
        id="getExportJob",
        method="GET",
        path=EXPORT,
        who=MANAGERS,
        right=Right.EXPORT,
        answer=export_jobs.ExportJobBody,
        handler=export_jobs.get_export,
    ),
    Operation(
        id="getExportManifest",
        method="GET",
        path=EXPORT + "/manifest",
        who=MANAGERS,
        right=Right.EXPORT,
        answer=export_jobs.ManifestBody,
        refuses=(InUse, NotSupported),
        handler=export_jobs.get_manifest,
    ),
    Operation(
        id="getExportFile",
        method="GET",
        path=EXPORT + "/file",
        who=MANAGERS,
        right=Right.EXPORT,
        media_type="text/csv",
        more_media_types=export_files.BESIDE_CSV,
        in_ranges=True,
        refuses=(InUse, NotSupported),
        handler=export_jobs.get_export_file,
    ),
    Operation(
        id="deleteExport",
        method="DELETE",
        path=EXPORT,
        who=MANAGERS,
        right=Right.EXPORT,
        status=HTTPStatus.NO_CONTENT,
        handler=export_jobs.delete_export,
    ),
)
