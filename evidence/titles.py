"""What a meeting is for, by the words of its title."""

import re

from evidence.models import TitleRule

DEFAULT = "serves"


class Titles:
    """The rules as they stand now. A word fits where a word of the title begins with it."""

    def __init__(self) -> None:
        rules = TitleRule.objects.values_list("word", "purpose")
        self._rules = [(re.compile(rf"(?<!\w){re.escape(word)}", re.I), purpose) for word, purpose in rules]

    def purpose(self, title: str) -> str:
        """By the first rule that fits, else it serves what we run."""
        return next((purpose for fits, purpose in self._rules if fits.search(title)), DEFAULT)
