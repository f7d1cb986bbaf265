"""Numbers and names as they stand in a sentence."""

from collections.abc import Iterable


def counted(number: int, noun: str, plural: str = "") -> str:
    """1 partner, 2 partners, 10,000 partners; `plural` where it does not end in s: 2 people."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def in_words(names: Iterable[str], number: int) -> str:
    """Some of so many names: A, B and C; A, B and 12 others."""
    said = list(names)
    if number > len(said):
        said.append("1 other" if number - len(said) == 1 else f"{number - len(said):,} others")
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
