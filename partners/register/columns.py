"""Which column of a register holds what: by the words of its heading, by its content, or as a person says."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from partners.names import LEGAL_FORMS, name_words, plain
from partners.register.safety import column_number

FIELDS = {
    "partner": "Partner", "kind": "Kind of partner", "reference": "Contract reference", "title": "Contract title",
    "starts": "Starts", "ends": "Ends", "notice_days": "Notice period", "auto_renews": "Renews automatically",
    "annual_value": "Annual value", "total_value": "Total value", "currency": "Currency", "unit": "Business unit",
    "owner": "Owner", "delivered_by": "Delivered by", "link": "Link", "term": "Kind of term",
    "renewal_months": "Renewal months", "country": "Country", "time_zone": "Time zone",
}  # fmt: skip
MAY_BE_CONSTANT = (
    "kind", "notice_days", "auto_renews", "currency", "owner", "delivered_by", "term", "renewal_months", "country", "time_zone",
)  # fmt: skip
AMOUNTS = ("annual_value", "total_value")
DATES = ("starts", "ends")

# Headings as people write them, without accents, case or punctuation. Better ones first.
WORDS = {
    "partner": "partner|partner name|supplier|suppliers|supplier name|vendor|vendors|vendor name|company|company name|"
    "contractor|contractor name|counterparty|provider|service provider|manufacturer|lieferant|lieferanten|lieferantenname|"
    "kreditor|kreditorname|anbieter|firma|vertragspartner|dienstleister|auftragnehmer|fournisseur|fournisseurs|prestataire|"
    "societe|titulaire|proveedor|empresa|contratista|adjudicatario|fornitore|fornecedor|leverancier|dostawca|third party|"
    "leverantor|leverandor|toimittaja|wykonawca|kontrahent|partner kontraktowy|lieferfirma|fournisseur titulaire|opdrachtnemer|aannemer|prestador",
    "kind": "kind|partner kind|partner type|vendor type|vendor kind|supplier type|kind of partner|type of partner|"
    "partnerart|lieferantenart|lieferantentyp|type de fournisseur|tipo de proveedor|tipo fornitore|type leverancier",
    "reference": "reference|contract reference|contract number|contract no|contract nr|contract id|contract ref|ref|"
    "ref no|reference number|agreement number|agreement no|agreement id|contract code|po number|purchase order|"
    "order number|vertragsnummer|vertrags nr|vertragsnr|vertrag nr|vertrags id|aktenzeichen|bestellnummer|numero de contrat|"
    "n contrat|no contrat|reference contrat|reference du contrat|numero de contrato|numero contrato|expediente|"
    "numero contratto|contractnummer|numero|number|no|nr|id|unique id|identifier|ocid|"
    "avtalsnummer|avtalenummer|kontraktsnummer|numer umowy|nr umowy|vertragskennzeichen|contractnr|overeenkomstnummer|marche|numero marche",
    "title": "title|contract title|contract name|contract|description|contract description|subject|subject matter|"
    "agreement|agreement name|agreement title|name|purpose|scope|what|service description|titel|bezeichnung|"
    "vertragsbezeichnung|vertragstitel|vertragsgegenstand|vertragsname|gegenstand|betreff|beschreibung|leistung|vertrag|"
    "objet|objet du contrat|intitule|libelle|titre|objeto|objeto del contrato|titulo|descripcion|oggetto|titolo|"
    "descrizione|omschrijving|onderwerp|service|services|"
    "benamning|avtalsnamn|przedmiot umowy|przedmiot|nazwa umowy|work description|scope of work|contrato|contrat|contratto|avtal|avtale|umowa",
    "starts": "starts|start|start date|contract start|contract start date|starts on|from|valid from|effective date|"
    "effective from|effective|commencement|commencement date|begin|begin date|begins|execution date|date signed|"
    "signature date|award date|beginn|vertragsbeginn|startdatum|start datum|gultig ab|gueltig ab|gultig von|laufzeitbeginn|"
    "laufzeit von|von|ab|debut|date de debut|date debut|date d effet|inicio|fecha de inicio|fecha inicio|inizio|data inizio|"
    "data di inizio|begindatum|ingangsdatum|"
    "avtalsstart|data rozpoczecia|data zawarcia|fecha formalizacion|data inicio|aanvangsdatum|startdato",
    "ends": "ends|end|end date|contract end|contract end date|ends on|expiry|expiry date|expires|expires on|expiration|"
    "expiration date|contract expiry|until|valid to|valid until|valid through|to|termination date|completion date|"
    "ende|enddatum|end datum|vertragsende|laufzeitende|laufzeit bis|gultig bis|gueltig bis|bis|ablauf|ablaufdatum|"
    "fin|date de fin|date fin|echeance|date d echeance|fecha de fin|fecha fin|vencimiento|fine|data fine|data di fine|"
    "scadenza|data scadenza|einddatum|vervaldatum|"
    "slutdatum|sluttdato|slutdato|avtalsslut|data zakonczenia|fecha finalizacion|finalizacion|data termino|einde|runs until",
    "notice_days": "notice|notice days|notice period|notice period days|notice in days|termination notice|"
    "termination notice days|cancellation notice|notice months|notice period months|kundigungsfrist|kuendigungsfrist|"
    "kundigungsfrist tage|kuendigungsfrist tage|kundigungsfrist in tagen|kuendigungsfrist in tagen|"
    "kundigungsfrist monate|preavis|delai de preavis|preaviso|preavviso|opzegtermijn|"
    "plazo preaviso|periodo preaviso|termine preavviso|uppsagningstid|oppsigelsestid|opsigelsesvarsel|okres wypowiedzenia|opzegperiode|notice required|notice to terminate",
    "auto_renews": "auto renews|auto renew|auto renewal|autorenew|autorenewal|automatic renewal|automatically renews|"
    "renews automatically|automatic extension|auto extension|evergreen|automatische verlangerung|automatische "
    "verlaengerung|verlangert sich automatisch|automatisch verlangert|autom verlangerung|tacite reconduction|"
    "reconduction tacite|renovacion automatica|prorroga automatica|rinnovo automatico|tacito rinnovo|automatische verlenging|"
    "reconduction|renouvellement automatique|renovacion tacita|automatisk forlangning|automatisk fornyelse|automatyczne przedluzenie|auto rollover|rollover|stilzwijgende verlenging|verlangerung|renewal",
    "annual_value": "annual value|annual contract value|annual cost|annual amount|annual spend|annual fee|acv|yearly value|"
    "yearly cost|yearly amount|per year|value per year|cost per year|amount per year|p a|pa|per annum|value p a|cost p a|"
    "jahreswert|jahreskosten|jahresbetrag|jahrlich|jahrliche kosten|kosten pro jahr|wert pro jahr|wert p a|kosten p a|"
    "montant annuel|valeur annuelle|cout annuel|valor anual|importe anual|coste anual|valore annuo|importo annuo|jaarwaarde|"
    "jaarbedrag|spend|annualised value|annualized value|"
    "annual|yearly|arsvarde|arskostnad|arlig kostnad|wartosc roczna|jaarkosten",
    "total_value": "total value|total contract value|contract value|total|total amount|amount|contract amount|value|tcv|"
    "total cost|price|cost|sum|awarded amount|award value|betrag|wert|gesamtwert|auftragswert|vertragswert|"
    "gesamtbetrag|vertragsvolumen|volumen|auftragssumme|summe|montant|montant total|valeur|valeur totale|importe|importe total|"
    "valor|valor total|importo|importo totale|valore|valore totale|waarde|totale waarde|bedrag|contractwaarde|"
    "avtalsvarde|kontraktsvarde|varde|verdi|wartosc umowy|wartosc|kwota|presupuesto|montant marche",
    "currency": "currency|currency code|ccy|curr|iso currency|wahrung|waehrung|devise|monnaie|moneda|divisa|valuta|moeda|"
    "waluta|valutakode|divise",
    "unit": "unit|business unit|bu|division|department|dept|directorate|organisation unit|organisational unit|"
    "organization unit|org unit|organisation|organization|agency|buyer|ministry|branch|entity|legal entity|faculty|"
    "business area|abteilung|bereich|fachbereich|geschaftsbereich|geschaeftsbereich|geschaftseinheit|"
    "organisationseinheit|dienststelle|sparte|direction|departement|unite|service acheteur|unidad|unidad de negocio|"
    "departamento|dipartimento|reparto|afdeling|bedrijfsonderdeel|"
    "business unit name|site|plant|enhet|avdelning|avdeling|jednostka|dzial",
    "owner": "owner|contract owner|contract manager|owner email|owner e mail|responsible|responsible person|"
    "responsible manager|business owner|service owner|manager|verantwortlich|verantwortlicher|verantwortliche|"
    "vertragsverantwortlicher|vertragsverantwortliche|verantwortliche person|eigentumer|responsable|responsable du contrat|"
    "propietario|responsabile|eigenaar|verantwoordelijke|contracteigenaar|"
    "ansvarig|avtalsansvarig|kontraktsansvarlig|wlasciciel|opiekun|betreuer|budget holder|gestor",
    "delivered_by": "delivered by|reseller|solution provider|integrator|system integrator|implementation partner|"
    "delivery partner|distributor|channel partner|bought through|geliefert von|geliefert durch|wiederverkaufer|"
    "systemhaus|handelspartner|revendeur|integrateur|distribuidor|revendedor|rivenditore|wederverkoper|"
    "resold by|purchased through|purchased via|bought via|bezogen uber|achete via|levererad av",
    "link": "link|url|web link|hyperlink|contract url|contract link|details url|document link|document url|web address|"
    "file link|lien|enlace|collegamento|weblink",
    "term": "kind of term|term kind|term type|type of term|laufzeitart|vertragslaufzeitart",
    "renewal_months": "renewal months|renewal term|renewal term months|renewal period|renewal period months|extension months|"
    "extension term months|extension period months|verlangerung monate|verlangerungszeitraum|verlangerungszeitraum monate",
    "country": "country|country code|contract country|land|vertragsland|pays|pais|paese",
    "time_zone": "time zone|timezone|tz|zeitzone|fuseau horaire|zona horaria|fuso orario|tijdzone",
}  # fmt: skip
SMALL_WORDS = set("de du des del d l la le les el di da the of der die das het i".split())  # noqa: SIM905


def _without_small_words(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in SMALL_WORDS) or tuple(words)


PHRASES = {
    name: [_without_small_words(phrase.split()) for phrase in text.split("|")] for name, text in WORDS.items()
}
EXACTLY = {
    phrase: {name for name in FIELDS if phrase in PHRASES[name]}
    for phrases in PHRASES.values()
    for phrase in phrases
}
# "Supplier number" is no supplier; "contract type" is no title.
SPOILERS = {
    "partner": "no nr number num id code type kind category abn vat address street city country postcode zip phone email mail "
    "contact website manager nummer art ort land region status count rating",
    "title": "no nr number num type kind category status start end date value amount owner manager id url link art typ status datum",
    "owner": "phone department unit partner supplier vendor",
    "starts": "ends expiry",
    "ends": "starts notice",
    "total_value": "annual year yearly month monthly jahr paid invoiced tax vat gst type number count",
    "annual_value": "report total",
    "unit": "price cost type code id size preis business_number",
    "link": "text",
    "country": "partner supplier vendor lieferant",
    "reference": "type partner supplier vendor date tax vat lieferant",
}
SPOILING = {name: set(words.split()) for name, words in SPOILERS.items()}
ENOUGH = 30.0
FEW = 20  # cells that may all be wrong before a heading is disbelieved


class MappingError(ValueError):
    """What a person said about the columns cannot be followed. `name` is the FIELD, if it is about one."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


@dataclass
class Columns:
    """Where each FIELD is read from: a column (its place), or one value for every row."""

    places: dict[str, int] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    how: dict[str, str] = field(default_factory=dict)  # name, content, chosen
    notes: list[str] = field(default_factory=list)


def heading_words(heading: str) -> tuple[str, ...]:
    """The words of a heading without case, accents, signs and what stands in brackets."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", spaced)
    return _without_small_words(re.findall(r"[^\W_]+", plain(bare if bare.strip() else spaced)))


def name_score(name: str, heading: str) -> float:
    """How well a heading names a FIELD, 0 to 100: the share of its words that a known phrase covers, in any order."""
    words = heading_words(heading)
    if not words or (SPOILING.get(name, set()) & set(words) and words not in PHRASES[name]):
        return 0.0
    best = 0.0
    for rank, phrase in enumerate(PHRASES[name]):
        if set(phrase) <= set(words):
            exact = 100 - rank * 0.3 - (words != phrase)
            best = max(best, exact if len(phrase) == len(words) else 75 * len(phrase) / len(words))
    return best


def recognised(cells: Sequence[Any]) -> int:
    """How many FIELDs a row of would-be headings names outright."""
    texts = [cell for cell in cells if isinstance(cell, str) and 0 < len(cell) <= 80]
    return len(set().union(*(EXACTLY.get(heading_words(text), set()) for text in texts)))


def match(
    headings: Sequence[str], sample: Sequence[Sequence[Any]], chosen: dict[str, str] | None = None,
    constants: dict[str, str] | None = None,
) -> Columns:  # fmt: skip
    """Match FIELDs to columns. `chosen` maps FIELD to a heading, a letter or "" (not in the file).

    Raises MappingError for an unknown FIELD or column, and for one column chosen twice where that makes no sense.
    """
    from partners.register.content import fits  # content reads values, values read headings

    result = Columns(constants=dict(constants or {}))
    for name in result.constants:
        if name not in MAY_BE_CONSTANT:
            raise MappingError(f"{name} cannot be one value for all rows; it needs a column.", name)
    for name, column in (chosen or {}).items():
        if name not in FIELDS:
            raise MappingError(f"There is no field “{name}”. The fields are: {', '.join(FIELDS)}.", name)
        if column:
            result.places[name] = find_column(headings, column, name)
            result.how[name] = "chosen"
    decided = {*(chosen or {}), *result.constants}
    contents = [
        [row[place] for row in sample if row[place] not in ("", None)] for place in range(len(headings))
    ]
    scores = []
    for name in FIELDS:
        for place, heading in enumerate(headings):
            by_name = 0.0 if name in decided else name_score(name, heading)
            if by_name < ENOUGH or (not contents[place] and by_name < 60):
                continue
            share = fits(name, contents[place])
            if share > 0 or (by_name >= 60 and len(contents[place]) <= FEW):
                full = len(contents[place]) / max(len(sample), 1)
                scores.append((by_name * (0.4 + 0.5 * share + 0.1 * full), -place, name, "name"))
            elif by_name >= 60:
                result.notes.append(
                    f"“{heading}” sounds like {FIELDS[name].lower()}, but holds nothing that can be."
                )
    _take(scores, result)
    _match_by_content(headings, contents, result, decided, fits)
    return result


def _take(scores: list[tuple[float, int, str, str]], result: Columns) -> None:
    """Give each FIELD its best free column, the surest pair first."""
    used = set(result.places.values())
    for _, place, name, how in sorted(scores, reverse=True):
        if name not in result.places and -place not in used:
            result.places[name], result.how[name] = -place, how
            used.add(-place)


def _match_by_content(
    headings: Sequence[str], contents: list[list[Any]], result: Columns, decided: set[str],
    fits: Callable[[str, list[Any]], float],
) -> None:  # fmt: skip
    """What the headings do not say: columns of URLs, currency codes, dates, company names, references, amounts."""
    free = [p for p in range(len(headings)) if p not in result.places.values() and len(contents[p]) >= 2]

    def take(name: str, place: int) -> None:
        result.places[name], result.how[name] = place, "content"
        free.remove(place)
        result.notes.append(f"“{headings[place]}” is read as {FIELDS[name].lower()}, going by what it holds.")

    def wanted(name: str) -> bool:
        return name not in result.places and name not in decided

    for name in ("link", "currency", "owner"):
        if wanted(name):
            best = [p for p in free if fits(name, contents[p]) >= 0.9 and _speaks_for(name, contents[p])]
            if best:
                take(name, best[0])
    perhaps = [p for p in free if fits("starts", contents[p]) >= 0.3]
    dates = [p for p in perhaps if fits("starts", contents[p]) >= 0.5 and _speaks_for("starts", contents[p])]
    if wanted("starts") and wanted("ends") and len(dates) == len(perhaps) == 2:
        first, second = sorted(dates, key=lambda p: _middle(contents[p]))
        take("starts", first)
        take("ends", second)
    elif wanted("ends") and len(dates) == len(perhaps) == 1:
        take("ends", dates[0])
    if wanted("partner"):
        shares = [(sum(map(has_legal_form, contents[p])) / len(contents[p]), p) for p in free]
        if shares and max(shares)[0] >= 0.25:
            take("partner", max(shares)[1])
    amounts = [
        p
        for p in free
        if fits("total_value", contents[p]) >= 0.95 and _speaks_for("total_value", contents[p])
    ]
    if wanted("total_value") and wanted("annual_value") and len(amounts) == 1:
        yearly = SPOILING["total_value"] & set(heading_words(headings[amounts[0]]))
        if not yearly:
            take("total_value", amounts[0])
    if wanted("reference"):
        for place in list(free):
            if all(map(_like_a_reference, contents[place])) and _all_different(contents[place]):
                take("reference", place)
                break
    texts = [
        p
        for p in free
        if sum(" " in str(c).strip() for c in contents[p]) > 0.8 * len(contents[p])
        and fits("title", contents[p]) > 0.8
        and fits("total_value", contents[p]) < 0.5
    ]
    if wanted("title") and texts:
        longest = max(
            texts, key=lambda p: (len(set(map(str, contents[p]))), sum(len(str(c)) for c in contents[p]))
        )
        if not fits("starts", contents[longest]) >= 0.5:
            take("title", longest)


def _speaks_for(name: str, cells: list[Any]) -> bool:
    """Whether the content alone is enough: "1000" is an amount only with a currency or decimals."""
    texts = [str(cell) for cell in cells]
    if name == "starts":
        return sum(
            isinstance(c, date) or bool(re.search(r"[-./ ]", t.strip()))
            for c, t in zip(cells, texts, strict=True)
        ) >= 0.5 * len(cells)
    if name == "total_value":
        return sum(
            isinstance(c, Decimal) or bool(re.search(r"[.,][0-9]{2}$|[€$£¥]|[A-Z]{3}", t.strip()))
            for c, t in zip(cells, texts, strict=True)
        ) > 0.5 * len(cells)
    if name == "owner":
        return all("@" in text for text in texts)
    return True


def _middle(cells: list[Any]) -> str:
    """The median date of a column, for telling starts from ends."""
    from partners.register.dates import DateReader

    reader = DateReader(cells)
    reader.order = reader.order or "dmy"
    read = sorted(day for day in map(reader.read_or_none, cells) if day)
    return str(read[len(read) // 2]) if read else ""


def has_legal_form(cell: Any) -> bool:
    """Whether a cell ends like the name of a company."""
    words = name_words(str(cell))
    return len(words) > 1 and words[-1] in LEGAL_FORMS


def _like_a_reference(cell: Any) -> bool:
    text = str(cell).strip()
    return (
        len(text) <= 40
        and " " not in text
        and any(sign.isdigit() for sign in text)
        and not isinstance(cell, date)
    )


def _all_different(cells: list[Any]) -> bool:
    return len(set(map(str, cells))) >= 0.95 * len(cells)


def find_column(headings: Sequence[str], column: str, name: str = "") -> int:
    """The place of a column named by its heading (case, underscores and signs forgiven) or by its letter."""
    for same in (
        lambda h: h == column,
        lambda h: h.casefold().strip() == column.casefold().strip(),
        lambda h: re.findall(r"[^\W_]+", plain(h)) == re.findall(r"[^\W_]+", plain(column)) != [],
    ):
        for place, heading in enumerate(headings):
            if same(heading):
                return place
    letter = column.strip().upper()
    if re.fullmatch(r"[A-Z]{1,2}", letter) and column_number(letter) <= len(headings):
        return column_number(letter) - 1
    shown = ", ".join(f"“{heading}”" for heading in headings[:30])
    raise MappingError(f"The file has no column “{column[:60]}”. Its columns are: {shown}.", name)
