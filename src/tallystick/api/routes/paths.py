"""The beginnings that paths share."""

PROGRAMS = "/v1/loyalty_programs"
PROGRAM = PROGRAMS + "/{loyaltyProgramId}"
PROFILE = PROGRAM + "/profile/{integrationId}"
