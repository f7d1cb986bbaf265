"""What a person may answer about two things that are weighed: one of them up to nine times the other."""

from collections.abc import Sequence
from typing import Any

from django import forms

from scorecards.services.pairs import Pair, key

# The scale of Saaty (1980); even numbers lie between.
WORDS = {3: "somewhat", 5: "clearly", 7: "by far", 9: "beyond comparison"}
ASKED = range(2, 10)


def _choices(one: str, other: str) -> list[Any]:
    def more(name: str, sign: int) -> list[tuple[str, str]]:
        return [
            (str(sign * n), f"{name}: {n} times as much{f', {WORDS[n]}' if n in WORDS else ''}")
            for n in (reversed(ASKED) if sign > 0 else ASKED)
        ]

    return [
        ("", "not answered yet"),
        (f"{one} weighs more", more(one, 1)),
        ("The same", [("1", "Both weigh the same")]),
        (f"{other} weighs more", more(other, -1)),
    ]


class PairsForm(forms.Form):
    """A choice for every pair; any may be left open."""

    def __init__(self, *args: Any, pairs: Sequence[Pair], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one, other in pairs:
            self.fields[key(one, other)] = forms.ChoiceField(
                choices=_choices(one.name, other.name), required=False, label=f"{one.name} or {other.name}",
                error_messages={"invalid_choice": "Choose one of the answers in the list."},
            )  # fmt: skip

    @property
    def answers(self) -> dict[str, int]:
        """By name of the pair; those left open are not there."""
        return {name: int(value) for name, value in self.cleaned_data.items() if value}
