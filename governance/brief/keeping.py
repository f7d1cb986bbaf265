"""The brief that a page showed, carried by its form: signed, so that what is kept is what was read."""

from datetime import timedelta
from typing import Any

from django.core import signing

from partners.models import Contract, Partner

GOOD_FOR = timedelta(hours=12)  # a decision is taken on figures of the day
_SALT = "governance.brief"


def sealed(brief: dict[str, Any], row: Contract | Partner, reader: Any) -> str:
    """For a hidden field: the brief, and of which state of which contract or partner it is."""
    about = [row._meta.label, row.pk, reader.pk, *_state(row)]
    return signing.dumps({"about": about, "brief": brief}, salt=_SALT, compress=True)


def unsealed(text: str, row: Contract | Partner, reader: Any) -> tuple[dict[str, Any] | None, bool]:
    """The brief this person read about it, None if that is too old or none; and whether it is still as it was then."""
    try:
        kept = signing.loads(text, salt=_SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None, False
    model, pk, person, *state = kept["about"]
    if (model, pk, person) != (row._meta.label, row.pk, reader.pk):
        return None, False
    return kept["brief"], state == _state(row)


def _state(row: Contract | Partner) -> list[Any]:
    return [row.version, str(row.term_ends) if isinstance(row, Contract) else row.admission]
