"""What is known of a customer, apart from points."""

from dataclasses import dataclass
from datetime import datetime

from tallystick.core.ids import HolderId, IntegrationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A customer as other systems see one.

    `id` is the contract's number of it. `attributes` is a JSON object, as text. `active_at` is when
    anything was last told about the customer.
    """

    id: int
    holder_id: HolderId
    integration_id: IntegrationId
    created_at: datetime
    active_at: datetime
    sandbox: bool
    attributes: str
