"""What was agreed anew in the demo, where its papers are, and an extension that was used."""

from datetime import date, timedelta

from partners.dates import plus_months
from partners.models import EXTENSIONS, Amendment, Contract, ContractTerm, Document
from partners.models.terms import AMENDED, EXTENDED, ORIGINAL
from partners.services.deadlines import numbered, set_deadlines

EXTENDED_ONE = ("Northgate Cloud", "Cloud hosting: services")
PROLONGED = ("Halden Software", "ERP licences and support")
# partner, days ago, what changed, whether it named the value a year
AMENDMENTS = [
    ("Northgate Cloud", 520, "Second region added, with the same service levels as the first", False),
    ("Northgate Cloud", 205, "Storage 6 per cent cheaper from the next invoice, against a commitment to the end", True),
    ("Tessera Data", 160, "Test system included without extra charge", False),
    ("Quillon Security", 95, "Reports within two hours instead of four, after the incident in spring", False),
]  # fmt: skip
DOCUMENTS = [
    ("Contract, signed by both", "contract", 0),
    ("Price list", "prices", 3),
    ("Service levels and credits", "service-levels", 3),
    ("Data processing agreement", "data-processing", 24),
]


def load_terms(today: date) -> None:
    """Amendments and documents of some contracts, one prolonged, one extended at our option."""
    contracts = Contract.objects.filter(partner__is_demo=True).select_related("partner").order_by("pk")
    by_title = {(contract.partner.name, contract.title): contract for contract in contracts}
    main = {contract.partner.name: contract for contract in reversed(contracts)}
    Amendment.objects.bulk_create(
        Amendment(
            contract=main[name], day=today - timedelta(days=ago), what=what,
            new_value=main[name].annual_value if is_value else None, link=_link(main[name], f"amendment-{ago}"),
        )
        for name, ago, what, is_value in AMENDMENTS
    )  # fmt: skip
    Document.objects.bulk_create(
        Document(
            contract=contract, title=title, link=_link(contract, page),
            day=contract.starts + timedelta(days=7 * place + later) if contract.starts else None,
        )
        for place, contract in enumerate(list(main.values())[-6:])
        for title, page, later in DOCUMENTS[: 2 + place % 3]
    )  # fmt: skip
    _prolong(by_title[PROLONGED], today - timedelta(days=240))
    _extend(by_title[EXTENDED_ONE])


def _link(contract: Contract, page: str) -> str:
    return f"https://documents.example/{contract.reference.lower()}/{page}"


def _prolong(contract: Contract, day: date) -> None:
    """It was to end a year earlier; an amendment said otherwise."""
    assert contract.ends  # noqa: S101  (the demo's has an end)
    before = plus_months(contract.ends, -12)
    Amendment.objects.create(
        contract=contract, day=day, what="One more year at the same price", new_end=contract.ends,
        link=_link(contract, "amendment-1"),
    )  # fmt: skip
    now = ContractTerm(
        contract=contract, how=AMENDED, ends=contract.ends, notice_deadline=contract.notice_deadline,
        counted_from=contract.ends, since=day,
    )  # fmt: skip
    _replace(contract, before, now)


def _extend(contract: Contract) -> None:
    """The first of two extensions was used in time."""
    assert contract.ends  # noqa: S101  (the demo's has an end)
    contract.term, contract.renewal_months, contract.extensions, contract.extended = EXTENSIONS, 12, 2, 1
    contract.ends = plus_months(contract.ends, -12)
    set_deadlines([contract])
    contract.save()
    now = ContractTerm(
        contract=contract, how=EXTENDED, ends=contract.term_ends, notice_deadline=contract.notice_deadline,
        counted_from=contract.ends, since=contract.ends - timedelta(days=44),
    )  # fmt: skip
    _replace(contract, contract.ends, now)


def _replace(contract: Contract, before: date, now: ContractTerm) -> None:
    """The history as it would have become: the term agreed first, then the one of today."""
    contract.terms.all().delete()
    was = numbered(
        Contract(ends=before, notice_period=contract.notice_period, notice_unit=contract.notice_unit), 0
    )
    first = ContractTerm(
        contract=contract, how=ORIGINAL, ends=before, notice_deadline=was.deadline, counted_from=before,
        since=contract.starts,
    )  # fmt: skip
    ContractTerm.objects.bulk_create([first, now])
