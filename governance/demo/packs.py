"""Two packs that the governance lead has asked for: one for ourselves, one for the partner. The workers make them."""

from governance.demo.quarters import Demo
from governance.models.packs import A4
from governance.packs.document import Issue
from governance.packs.quarter import Quarter
from governance.services.packs import ask_for_pack


def load_packs(demo: Demo) -> None:
    lead = next(person for person in demo.people if person.role == "governance")
    partner = next(partner for partner in demo.partners if partner.name == "Northgate Cloud")
    for for_partner in (False, True):
        issue = Issue(lead, Quarter.of(demo.today).before, demo.today, partner, for_partner)
        ask_for_pack(issue, paper=A4)
