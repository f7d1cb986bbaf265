"""Partners, their contacts and contracts, what these cost, and registers being imported."""

from partners.models.contracts import (
    EVERGREEN,
    EXTENSIONS,
    FIXED,
    NOTICE_UNITS,
    TERMS,
    Contract,
    ContractQuerySet,
    in_force_today,
    term_end,
)
from partners.models.costs import COST_KINDS, CostLine, Rate, Reporting
from partners.models.partners import (
    APART_KINDS,
    INTERNAL_KINDS,
    KINDS,
    SEGMENTS,
    Contact,
    Partner,
    PartnerAlias,
    PartnerQuerySet,
)
from partners.models.register import RegisterImport, RegisterImportQuerySet

__all__ = [
    "APART_KINDS", "COST_KINDS", "EVERGREEN", "EXTENSIONS", "FIXED", "INTERNAL_KINDS", "KINDS", "NOTICE_UNITS", "SEGMENTS", "TERMS",
    "Contact", "Contract", "ContractQuerySet", "CostLine", "Partner", "PartnerAlias", "PartnerQuerySet", "Rate",
    "RegisterImport", "RegisterImportQuerySet", "Reporting", "in_force_today", "term_end",
]  # fmt: skip
