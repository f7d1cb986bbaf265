"""What three people said of the weights of the vendors' template: one of them contradicts herself."""

from accounts.models import User
from governance.demo.measured import VENDOR
from scorecards.models import PairAnswers, Template
from scorecards.services.pairs import Compared, key

# Of each pair in order, how many times the first outweighs the second; -2: the second twice the first.
SAID = {
    "petra.holm": [1, 2, 2, 3, 2, 1, 3, 1, 2, 2],
    "clara.okafor": [2, 2, 1, 3, 1, 1, 2, -2, 1, 2],
    "greta.lind": [1, 3, 1, 3, 2, 2, 2, 2, -2, 3],
}


def load_pairs() -> None:
    """The answers behind version 2's weights: 30, 24, 15, 20 and 11 by them, rounded to fives in use."""
    template = Template.objects.get(name=VENDOR, number=2)
    pairs = Compared(template, None).pairs
    people = {person.email.partition("@")[0]: person for person in User.objects.filter(is_demo=True)}
    PairAnswers.objects.bulk_create(
        PairAnswers(
            template=template, person=people[address],
            answers={key(*pair): answer for pair, answer in zip(pairs, said, strict=True)},
        )
        for address, said in SAID.items()
    )  # fmt: skip
