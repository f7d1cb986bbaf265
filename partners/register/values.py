"""Reads single cells: text, yes or no, notice periods, kinds, links. What cannot be read says why."""

import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from accounts.signs import TURNS_TEXT, without_joiners, without_unseen
from partners.calendars import country_code, time_zones
from partners.dates import before
from partners.names import plain
from partners.register.workbook import Cell, CellError

# Cells that say there is nothing.
NOTHING = {"", "-", "--", "–", "—", "n/a", "na", "n.a.", "#n/a", "none", "null", "nil", "tbc", "tbd", "t.b.d.", "?", "unknown", "k.a.", "keine angabe", "unbekannt", "offen", "entfallt", "inconnu", "desconocido", "not known", "not applicable", "not available", "not specified", "not stated", "to be confirmed", "nicht bekannt", "keine", "sans objet", "non applicable", "no aplica", "nvt", "n.v.t.", "niet van toepassing", "nie dotyczy"}  # fmt: skip
# Said of an end that is not there.
OPEN_ENDED = {"ongoing", "open", "open ended", "open-ended", "perpetual", "evergreen", "indefinite", "unlimited", "no end", "no end date", "until terminated", "unbefristet", "unbegrenzt", "laufend", "indetermine", "duree indeterminee", "indefinido", "indeterminato", "onbepaald", "onbepaalde tijd", "rolling", "rolling contract", "no expiry", "does not expire", "never", "permanent", "continuing", "until further notice", "until cancelled", "auf unbestimmte zeit", "bis auf weiteres", "sans terme", "tillsvidare", "tills vidare", "czas nieokreslony"}  # fmt: skip
YES = {"yes", "y", "true", "t", "1", "x", "✓", "✔", "auto", "automatic", "automatically", "ja", "j", "wahr", "automatisch", "oui", "o", "vrai", "si", "s", "sim", "vero", "verdadero", "waar", "tak", "☑", "☒", "✅", "evergreen", "renews", "auto renewal", "auto-renewal", "auto-renew", "auto-renews"}  # fmt: skip
NO = {"no", "n", "false", "f", "0", "manual", "manually", "not", "never", "nein", "falsch", "manuell", "non", "faux", "nee", "falso", "nao", "nej", "nie", "nei", "✗", "✘", "✕", "☐", "❌", "expires", "fixed term"}  # fmt: skip
KIND_WORDS = {
    "vendor": "vendor|supplier|external|external supplier|lieferant|fournisseur|proveedor|fornitore|leverancier|hersteller|manufacturer",
    "provider": "provider|solution provider|reseller|integrator|system integrator|service provider|distributor|systemhaus|"
    "dienstleister|revendeur|integrateur|implementation partner|channel partner",
    "unit": "unit|business unit|internal|internal unit|department|geschaftsbereich|abteilung|intern",
    "operations": "operations|factory|subsidiary|plant|werk|tochter|tochtergesellschaft|filiale|usine|operations factory or subsidiary|"
    "operations factory subsidiary",
    "own": "own|own organisation|our own organisation|ourselves|self|own organization|eigene organisation",
}  # fmt: skip
KINDS = {word: kind for kind, words in KIND_WORDS.items() for word in words.split("|")}
NOTICE_UNITS = [
    (
        "days",
        r"d|days?|calendar days?|tage?n?|kalendertage?|jours?|dias?|giorni|giorno|dagen|dag|dagar|dage|dni",
    ),
    (
        "weeks",
        r"w|wk|wks|wo|weeks?|wochen?|semaines?|semanas?|settimane|settimana|weken|week|veckor|vecka|uger",
    ),
    (
        "months",
        r"m|mth|mths|mo|mt|mte|months?|monate?n?|mois|mes(?:es)?|mesi|mese|maanden|maand|manader|manad|maneder|miesiac\w*",
    ),
]
LONGER = [
    (12, r"y|years?|jahre?|ans?|annees?|anos?|anni|anno|jaar"),
    (3, r"quarters?|quartale?|trimestres?|kwartaal"),
]
TERM_WORDS = {
    word: term
    for term, words in {
        "fixed": "fixed|fixed term|befristet|fest|duree determinee",
        "option": "option|options|extension option|extension options|with extensions|fixed with extensions at our option|verlangerungsoption",
        "evergreen": "evergreen|evergreen no end|no end|open ended|indefinite|perpetual|unbefristet|duree indeterminee",
    }.items()
    for word in words.split("|")
}  # fmt: skip
ANY_UNIT = "|".join(words for _, words in [*NOTICE_UNITS, *LONGER])
# "three months", "drei Monate", as contracts say it.
_NUMBERS = ["one|ein|eine|einen|einem|un|une|uno|una|een", "two|zwei|deux|dos|due|twee", "three|drei|trois|tres|tre|drie", "four|vier|quatre|cuatro|quattro", "five|funf|cinq|cinco|cinque|vijf", "six|sechs|seis|sei|zes", "seven|sieben|sept|siete|sette|zeven", "eight|acht|huit|ocho|otto", "nine|neun|neuf|nueve|nove|negen", "ten|zehn|dix|diez|dieci|tien", "eleven|elf|onze|once|undici", "twelve|zwolf|douze|doce|dodici|twaalf"]  # fmt: skip
NUMBERS = {word: number for number, words in enumerate(_NUMBERS, 1) for word in words.split("|")}


class BadValue(ValueError):
    """A cell that cannot be used, with the reason in plain words."""


def printable(cell: Any, limit: int = 60) -> str:
    """A cell as it is shown to people: short, on one line, with nothing hidden in it."""
    text = "".join(sign if sign.isprintable() else " " for sign in str(cell)[: 10 * limit])
    text = " ".join(text.split())
    return f"{text[:limit]}…" if len(text) > limit else text


def shown(cell: Any) -> str:
    """A cell as it is quoted in a message."""
    return f"“{printable(cell)}”"


def clean_text(cell: Cell | None, limit: int = 0) -> str:
    """A cell as one line of text; numbers and dates as people write them. BadValue for what must not be stored."""
    if cell is None:
        return ""
    if isinstance(cell, CellError):
        raise BadValue(f"holds the spreadsheet error {cell}" if cell else "holds a formula that was never computed; open the file, save it and try again")  # fmt: skip
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Decimal):
        return f"{cell:f}".rstrip("0").rstrip(".") if cell.as_tuple().exponent < 0 else f"{cell:f}"
    if isinstance(cell, date):
        return cell.isoformat()
    text = cell if cell.isascii() else unicodedata.normalize("NFC", without_unseen(cell))
    if not text.isprintable():
        _refuse_hidden_signs(text)
    if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@"):
        text = text[1:]  # the apostrophe our own exports put there
    text = " ".join(text.split())
    if not without_joiners(text).strip():
        return ""
    if limit and len(text) > limit:
        raise BadValue(f"has {len(text):,} characters; up to {limit} fit")
    return text


def _refuse_hidden_signs(text: str) -> None:
    if any(sign in TURNS_TEXT for sign in text):
        raise BadValue("holds invisible signs that turn the direction of text")
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn") and not sign.isspace() for sign in text):
        raise BadValue("holds control characters")


def is_blank(cell: Cell | None, *, for_end: bool = False) -> bool:
    """Whether a cell says that there is nothing (with `for_end`: or that there is no end)."""
    if cell is None or isinstance(cell, (date | Decimal | bool, CellError)):
        return cell is None or cell == "#N/A"
    if len(cell) > 60:
        return False
    text = cell.lower().strip() if cell.isascii() else plain(without_joiners(cell)).strip()
    return text in NOTHING or (for_end and text in OPEN_ENDED)


def ascii_digits(text: str) -> str:
    """The text, or BadValue if it writes numbers with other digits than 0 to 9."""
    if any(sign.isdigit() or sign.isnumeric() for sign in text if not sign.isascii()):
        raise BadValue(f"{shown(text)} uses digits other than 0 to 9")
    return text


def read_boolean(cell: Cell) -> bool:
    """Yes or no, in the words and languages people use; "yes, by 12 months" is yes."""
    if isinstance(cell, bool):
        return cell
    text = plain(clean_text(cell)).strip(" .")
    for said in (text, re.split(r" *[,;:(–—]| +- ", text)[0]):
        if said in YES or said in NO:
            return said in YES
    raise BadValue(f"{shown(cell)} is neither yes nor no")


def read_kind(cell: Cell) -> str:
    """A kind of partner by its value or by its name."""
    kind = KINDS.get(" ".join(re.findall(r"[^\W_]+", plain(clean_text(cell)))))
    if not kind:
        raise BadValue(
            f"{shown(cell)} is no kind of partner (vendor, solution provider, business unit, operations, own organisation)"
        )
    return kind


def read_notice(cell: Cell, unit: str = "days") -> tuple[int, str]:
    """A notice period as (number, days, weeks or months): 90, "90 days", "three months"; `unit` where none is said."""
    text = plain(ascii_digits(clean_text(cell)))
    text = re.sub(r"^[a-z-]+ ?\(([0-9]{1,4})\)", r"\1", text)  # three (3) months
    text = re.sub(r"^[a-z]+\b", lambda word: str(NUMBERS.get(word[0], word[0])), text)
    found = re.fullmatch(r"([0-9]{1,6})(?:[.,]0+)?(?:[ -]*\(?((?:calendar )?[a-z]+)\b(.{0,80}))?", text)
    if not found or re.search(rf"[0-9] *(?:{ANY_UNIT})\b", found[3] or ""):
        raise BadValue(f"{shown(cell)} is no notice period such as 90 or 3 months")
    number, word = int(found[1]), found[2]
    if word:
        unit = next((name for name, words in NOTICE_UNITS if re.fullmatch(words, word)), "")
        months = next((months for months, words in LONGER if re.fullmatch(words, word)), 0)
        if months:
            number, unit = number * months, "months"
    if not unit:
        raise BadValue(f"{shown(cell)} is no notice period such as 90 or 3 months")
    if number > 3660:
        raise BadValue(f"{shown(cell)} is longer than any notice period")
    return number, unit


def read_months(cell: Cell) -> int:
    """How many months a renewal or extension adds: 12, "12 months", "one year"."""
    number, unit = read_notice(cell, "months")
    if unit != "months" or not 1 <= number <= 240:
        raise BadValue(f"{shown(cell)} is no number of months between 1 and 240")
    return number


def read_term(cell: Cell) -> str:
    """How a contract runs: fixed, with extensions at our option, or evergreen."""
    text = " ".join(re.findall(r"[^\W_]+", plain(clean_text(cell))))
    if term := TERM_WORDS.get(text):
        return term
    raise BadValue(f"{shown(cell)} is no kind of term (fixed, option, evergreen)")


def read_country(cell: Cell) -> str:
    """A country whose public holidays are known, by its ISO code or English name."""
    if code := country_code(clean_text(cell)):
        return code
    raise BadValue(
        f"{shown(cell)} is no country whose holidays are known; write its ISO code, for example DE"
    )


def read_time_zone(cell: Cell) -> str:
    """A time zone by its name in the time zone database, case forgiven."""
    if zone := _zones().get(clean_text(cell).casefold().replace(" ", "_")):
        return zone
    raise BadValue(f"{shown(cell)} is no time zone such as Europe/Berlin or America/Chicago")


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in time_zones()}


def contradiction(
    starts: date | None, ends: date | None, notice: tuple[int, str] | None, term: str, *, renews: bool
) -> tuple[str, str] | None:
    """What of a contract's terms cannot be together: the FIELD and the reason. None if all can."""
    if term == "evergreen" and ends:
        return "term", f"is evergreen, but the contract ends on {ends}"
    if term == "evergreen" and renews:
        return "auto_renews", "renews automatically, but the contract is evergreen: there is nothing to renew"
    if term == "option" and renews:
        return (
            "auto_renews",
            "renews automatically, but is extended at our option: only one of the two can be",
        )
    if notice and starts and ends and before(ends, *notice) < starts - timedelta(days=1):
        return "notice_days", f"a notice period of {notice[0]} {notice[1]} is longer than the whole term"
    return None


def read_link(cell: Cell) -> str:
    """The address of a page, http or https."""
    text = clean_text(cell, 1000)
    address = f"https://{text}" if text.lower().startswith("www.") else text
    try:
        parts = urlsplit(address)
        fine = parts.scheme.lower() in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        fine = False
    if not fine or " " in address or not re.fullmatch(r"[^<>\"{}|\\^`]+", address):
        raise BadValue(f"{shown(cell)} is no web address beginning with http:// or https://")
    return address
