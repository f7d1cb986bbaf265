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
    ADMISSIONS,
    ADMITTED,
    APART_KINDS,
    CANDIDATE,
    INTERNAL_KINDS,
    KINDS,
    REJECTED,
    SEGMENTS,
    Contact,
    Partner,
    PartnerAlias,
    PartnerQuerySet,
)
from partners.models.register import RegisterImport, RegisterImportQuerySet
from partners.models.terms import Amendment, ContractTerm, Document

__all__ = [
    "ADMISSIONS",
    "ADMITTED",
    "APART_KINDS",
    "CANDIDATE",
    "COST_KINDS",
    "EVERGREEN",
    "EXTENSIONS",
    "FIXED",
    "INTERNAL_KINDS",
    "KINDS",
    "NOTICE_UNITS",
    "REJECTED",
    "SEGMENTS",
    "TERMS",
    "Amendment",
    "Contact",
    "Contract",
    "ContractQuerySet",
    "ContractTerm",
    "CostLine",
    "Document",
    "Partner",
    "PartnerAlias",
    "PartnerQuerySet",
    "Rate",
    "RegisterImport",
    "RegisterImportQuerySet",
    "Reporting",
    "in_force_today",
    "term_end",
]  # fmt: skip
