"""Operations on customer profiles, across programs."""

from http import HTTPStatus

from tallystick.api import customers, profiles
from tallystick.api.operations import MANAGERS, SHOPS, Operation
from tallystick.core.roles import Right

_APPLICATION = "/v1/applications/{applicationId}"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="updateCustomerProfileV2",
        method="PUT",
        path="/v2/customer_profiles/{integrationId}",
        who=SHOPS,
        query=profiles.ProfileUpdateQuery,
        body=profiles.ProfileUpdate,
        answer=profiles.ProfileUpdateBody,
        handler=profiles.update_one,
    ),
    Operation(
        id="updateCustomerProfilesV2",
        method="PUT",
        path="/v2/customer_profiles",
        who=SHOPS,
        query=profiles.ProfilesUpdateQuery,
        body=profiles.ProfilesUpdate,
        body_bytes_max=profiles.BODY_BYTES_MAX,
        answer=profiles.ProfilesUpdateBody,
        may_be_empty=True,
        handler=profiles.update_many,
    ),
    Operation(
        id="getCustomerInventory",
        method="GET",
        path="/v1/customer_profiles/{integrationId}/inventory",
        who=SHOPS,
        query=profiles.InventoryQuery,
        answer=profiles.InventoryBody,
        handler=profiles.get_customer_inventory,
    ),
    Operation(
        id="deleteCustomerData",
        method="DELETE",
        path="/v1/customer_data/{integrationId}",
        who=SHOPS,
        status=HTTPStatus.NO_CONTENT,
        handler=profiles.delete_customer_data,
    ),
    Operation(
        id="getCustomerProfiles",
        method="GET",
        path="/v1/customers/no_total",
        who=MANAGERS,
        right=Right.CUSTOMERS,
        query=customers.CustomersQuery,
        answer=customers.CustomersBody,
        handler=customers.get_all,
    ),
    Operation(
        id="getCustomerProfile",
        method="GET",
        path="/v1/customers/{customerId}",
        who=MANAGERS,
        right=Right.CUSTOMERS,
        answer=profiles.ProfileBody,
        handler=customers.get_one,
    ),
    Operation(
        id="getCustomersByAttributes",
        method="POST",
        path="/v1/customer_search/no_total",
        who=MANAGERS,
        right=Right.CUSTOMERS,
        query=customers.CustomersQuery,
        body=customers.CustomerSearch,
        answer=customers.CustomersBody,
        handler=customers.search,
    ),
    Operation(
        id="getApplicationCustomers",
        method="GET",
        path=_APPLICATION + "/customers",
        who=MANAGERS,
        right=Right.CUSTOMERS,
        query=customers.ApplicationCustomersQuery,
        answer=customers.ApplicationCustomersBody,
        handler=customers.get_all_of_application,
    ),
    Operation(
        id="getApplicationCustomer",
        method="GET",
        path=_APPLICATION + "/customers/{customerId}",
        who=MANAGERS,
        right=Right.CUSTOMERS,
        answer=profiles.ProfileBody,
        handler=customers.get_one_of_application,
    ),
    Operation(
        id="getApplicationCustomersByAttributes",
        method="POST",
        path=_APPLICATION + "/customer_search",
        who=MANAGERS,
        right=Right.CUSTOMERS,
        query=customers.ApplicationSearchQuery,
        body=customers.CustomerSearch,
        answer=customers.ApplicationCustomersBody,
        handler=customers.search_in_application,
    ),
)
