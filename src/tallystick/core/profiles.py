"""What is known of a customer, apart from points."""

import json
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


def name_of(attributes: str) -> str | None:
    """What a customer is called: the attribute `Name` of a JSON object, if it is a text."""
    name = json.loads(attributes).get("Name")
    return name if isinstance(name, str) and name.strip() else None
