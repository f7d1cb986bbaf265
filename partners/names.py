"""When two spellings of a name look like the same organisation. Imports nothing of Django."""

import re
import unicodedata

from accounts.signs import without_joiners

# Legal forms, as they stand at the end of a name once punctuation is gone.
LEGAL_FORMS = {"ab", "ag", "aktiengesellschaft", "aps", "as", "asa", "bv", "co", "company", "corp", "corporation", "cv", "eg", "ek", "ev", "gbr", "gesmbh", "gmbh", "inc", "incorporated", "kft", "kg", "kgaa", "lda", "limited", "llc", "llp", "lp", "ltd", "ltda", "nv", "ohg", "oy", "oyj", "plc", "pte", "pty", "pvt", "pl", "private", "sa", "sarl", "sas", "se", "sl", "spa", "spzoo", "srl", "sro", "ug"}  # fmt: skip
# Letters that stand for an accented one and have no decomposition.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_WORD = re.compile(r"[^\W_]+")
_DOTTED = re.compile(r"\b(?:\w\.){2,}")
_SPACED = [
    (re.compile(r"\bsp\.? ?z ?o\.? ?o\b\.?"), "spzoo"),
    (re.compile(r"\bs\.? ?a ?\.?r\.? ?l\b\.?"), "sarl"),
]


def plain(text: str) -> str:
    """Return the text without accents or case: "Ünal GÖR" becomes "unal gor"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def plain_words(text: str) -> str:
    """Its words alone, without accents, case or signs: "Wartung / Jahr" becomes "wartung jahr"."""
    return " ".join(_WORD.findall(plain(text)))


def name_key(name: str) -> str:
    """Return what two spellings of one name share: no case, accents, punctuation or legal form.

    "Viola Management Inc." and "VIOLA MANAGEMENT INC" both give "viola management". Never empty for a name
    that is not: a name of nothing but signs is its own key.
    """
    words = name_words(name.replace("&", " and "))
    while len(words) > 1 and words[-1] in {*LEGAL_FORMS, "and"}:
        words.pop()
    return " ".join(words)[:300] or " ".join(plain(name).split())[:300]


def name_words(name: str) -> list[str]:
    """The words of a name without accents, case or signs; "S.A." and "Sp. z o.o." are one word each."""
    text = plain(without_joiners(name))
    for form, word in _SPACED:
        text = form.sub(word, text)
    text = _DOTTED.sub(lambda found: found.group().replace(".", ""), text)
    return _WORD.findall(text.replace("'", "").replace("’", ""))
