"""The brief that a page showed, carried by its form: signed, so that what is kept is what was read."""

from datetime import timedelta
from typing import Any

from django.core import signing

from partners.models import Contract

GOOD_FOR = timedelta(hours=12)  # a decision is taken on figures of the day
_SALT = "governance.brief"


def sealed(brief: dict[str, Any], contract: Contract, reader: Any) -> str:
    """For a hidden field: the brief, and of which state of which contract it is."""
    about = [contract.pk, reader.pk, contract.version, str(contract.term_ends)]
    return signing.dumps({"about": about, "brief": brief}, salt=_SALT, compress=True)


def unsealed(text: str, contract: Contract, reader: Any) -> tuple[dict[str, Any] | None, bool]:
    """The brief this person read about this contract, None if it is too old or none; and whether the contract is still
    as it was then."""
    try:
        kept = signing.loads(text, salt=_SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None, False
    pk, person, *state = kept["about"]
    if (pk, person) != (contract.pk, reader.pk):
        return None, False
    return kept["brief"], state == [contract.version, str(contract.term_ends)]
