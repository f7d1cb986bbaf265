"""Whether a partnership gives every party more than it takes (P14): arithmetic of value statements."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

HOLDS, CRACKED, OPEN = "holds", "cracked", "open"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the parties' words on one quarter come to.

    `state`: HOLDS where every party got more back than it put in, CRACKED where one did not, OPEN where nobody says
    so but not all have spoken. `weakest`: who felt least, where not all felt the same. `index`: the weighted mean of
    what was felt, from −2 to +2; None until all have spoken.
    """

    state: str
    weakest: tuple[str, ...]
    index: Decimal | None


def verdict(felt: Mapping[str, int | None], weights: Mapping[str, int]) -> Verdict:
    """The verdict on a quarter from what each party of it felt (−2 to +2; None: has not said), parties in order.

    A partnership holds only if the return is above 0 for all of them.
    """
    said = {party: value for party, value in felt.items() if value is not None}
    complete = len(said) == len(felt)
    state = CRACKED if any(value <= 0 for value in said.values()) else HOLDS if complete else OPEN
    least = min(said.values(), default=0)
    weakest = tuple(party for party, value in said.items() if value == least)
    total = sum(weights[party] for party in felt)
    index = None
    if complete and total:
        index = Decimal(sum(weights[party] * value for party, value in said.items())) / total
    return Verdict(state, weakest if len(weakest) < len(said) else (), index)
