"""Names of partners as registers write them: cells that hold several, and spellings that may mean one partner."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from partners.names import LEGAL_FORMS, name_key, name_words

MOST_COMPARED = 100
ALIKE = 0.6  # trigram similarity, as PostgreSQL's pg_trgm measures it
_BRACKETED = re.compile(r"^(?P<name>.+?)\s*\((?P<reference>[A-Za-z0-9][A-Za-z0-9./_-]{2,62})\)$")
_BETWEEN = re.compile(r"[;|,/]| [+&] | (?:and|und|et|y|e|en) (?=\S+ \S)")
_GOES_ON = re.compile(r"co\b", re.IGNORECASE)  # GmbH & Co. KG
_ADDRESS = re.compile(r"@|://|www\.|\b(p\.?o\.? box|postfach|street|st\.|road|avenue|strasse|str\.|tel|phone|fax|abn|vat|ust)\b|[0-9]{4,}", re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True)
class Supplier:
    """One supplier of a cell, with the reference that stood behind the name."""

    name: str
    reference: str = ""


@dataclass
class Proposal:
    """A spelling that may mean a partner already known (`partner` is its id) or another spelling in the file."""

    spelling: str
    other: str
    partner: int | None
    certain: bool  # only case, accents, signs or legal form differ


def split_suppliers(cell: str, reference: str) -> tuple[list[Supplier], str]:
    """(suppliers, what was decided): "" for a plain name, else "split", "joined" or "kept" (may be several)."""
    lines = [line.strip(" ,;") for line in re.split(r"[\r\n]+", cell) if line.strip(" ,;")]
    if len(lines) == 1:
        return _split_line(lines[0], reference)
    suppliers = [_supplier(line, reference) for line in lines]
    if all(s.reference for s in suppliers) or all(_like_a_name(s.name) for s in suppliers):
        return _distinct(suppliers), "split"
    return [_supplier(" ".join(lines), reference)], "joined"


def _split_line(line: str, reference: str) -> tuple[list[Supplier], str]:
    """One line: several suppliers only if each carries a reference or a legal form, or a semicolon or bar parts them."""
    parts = [part.strip() for part in _BETWEEN.split(line) if part.strip()]
    if len(parts) > 1 and all(map(_complete, parts)) and not any(map(_GOES_ON.match, parts)):
        return _distinct([_supplier(part, reference) for part in parts]), "split"
    for sign in (";", " | ", " / ", ","):
        parts = [part.strip() for part in line.split(sign) if part.strip()]
        if len(parts) < 2:
            continue
        suppliers = [_supplier(part, reference) for part in parts]
        if (
            all(s.reference for s in suppliers)
            or all(map(_complete, parts))
            or (sign in (";", " | ") and all(map(_like_a_name, parts)))
        ):
            return _distinct(suppliers), "split"
        if all((len(part.split()) > 1 or sign == " / ") and _like_a_name(part) for part in parts):
            return [_supplier(line, reference)], "kept"
    return [_supplier(line, reference)], ""


def _supplier(text: str, reference: str) -> Supplier:
    """Take the reference off a name: "Drill Pty Ltd (PICH01-1)" where the contract is PICH01."""
    name = " ".join(text.split())
    found = _BRACKETED.fullmatch(name)
    if found and _is_reference(found["reference"], reference):
        return Supplier(found["name"], found["reference"])
    return Supplier(name.removesuffix("(").rstrip() or name)


def _is_reference(text: str, own: str) -> bool:
    if own and text.casefold().startswith(own.casefold()):
        return True
    return sum(sign.isdigit() for sign in text) >= 4 and any(sign.isalpha() for sign in text)


def _like_a_name(text: str) -> bool:
    words = name_words(text)
    if not words or not any(word.isalpha() for word in words) or all(word in LEGAL_FORMS for word in words):
        return False
    return not text[:1].islower() and not _ADDRESS.search(text)


def _complete(text: str) -> bool:
    words = name_words(text)
    return len(words) > 1 and words[-1] in LEGAL_FORMS and any(word not in LEGAL_FORMS for word in words)


def _distinct(suppliers: list[Supplier]) -> list[Supplier]:
    return list({supplier.name: supplier for supplier in reversed(suppliers)}.values())[::-1]


# --- Proposals -------------------------------------------------------------------------------------------
def trigrams(key: str) -> frozenset[str]:
    """The trigrams of a name key: each word with two spaces before and one behind."""
    return frozenset(
        padded[i : i + 3] for word in key.split() for padded in [f"  {word} "] for i in range(len(padded) - 2)
    )


def propose(spellings: dict[str, int], known: Iterable[tuple[int, str]]) -> list[Proposal]:
    """Say which new spellings (name → rows) may mean a known partner (id, name) or a more frequent spelling.

    One proposal a spelling, to the likest. Only candidates that share one of a name's rarest trigrams are compared:
    every pair at ALIKE or above does. Of names that resemble thousands, the first MOST_COMPARED are looked at.
    """
    order = sorted(spellings, key=lambda name: (-spellings[name], name.isupper(), -len(name), name))
    index = _Index([(name_key(name), pk, name) for pk, name in known], [name_key(name) for name in order])
    proposals = []
    for name in order:
        key = name_key(name)
        found = index.likest(key)
        if found:
            other, pk, likeness = found
            proposals.append(Proposal(name, other, pk, likeness == 1))
        index.add(key, None, name)
    return sorted(proposals, key=lambda p: (not p.certain, p.spelling.casefold()))


class _Index:
    """Names by their rarest trigrams."""

    def __init__(self, known: list[tuple[str, int, str]], more: list[str]) -> None:
        self.frequency: dict[str, int] = defaultdict(int)
        for key in [*(key for key, _, _ in known), *more]:
            for part in trigrams(key):
                self.frequency[part] += 1
        self.by_part: dict[str, list[int]] = defaultdict(list)
        self.exact: dict[str, int] = {}
        self.entries: list[tuple[frozenset[str], int | None, str]] = []
        for key, pk, name in known:
            self.add(key, pk, name)

    def add(self, key: str, pk: int | None, name: str) -> None:
        parts = trigrams(key)
        self.exact.setdefault(key, len(self.entries))
        for part in self._rarest(parts):
            self.by_part[part].append(len(self.entries))
        self.entries.append((parts, pk, name))

    def likest(self, key: str) -> tuple[str, int | None, float] | None:
        if key in self.exact:
            _, pk, name = self.entries[self.exact[key]]
            return name, pk, 1
        parts = trigrams(key)
        candidates: set[int] = set()
        for part in self._rarest(parts):
            candidates.update(self.by_part[part][:MOST_COMPARED])
            if len(candidates) > MOST_COMPARED:
                break
        best, best_place = ALIKE, -1
        size = len(parts)
        for place in sorted(candidates):
            other = self.entries[place][0]
            if not best * size <= len(other) <= size / best:
                continue
            shared = len(parts & other)
            likeness = shared / (size + len(other) - shared)
            if likeness >= best and (likeness > best or best_place < 0):
                best, best_place = likeness, place
        if best_place < 0:
            return None
        _, pk, name = self.entries[best_place]
        return name, pk, min(best, 0.99)

    def _rarest(self, parts: frozenset[str]) -> list[str]:
        """So many of the rarest that two names at ALIKE must share one of them."""
        need = len(parts) - int(-(-ALIKE * len(parts) // 1)) + 1
        return sorted(parts, key=lambda part: (self.frequency[part], part))[:need]
