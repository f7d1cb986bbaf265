"""What a browser would send back from a page that nobody touched."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class PageForm:
    """One form of a page: where it goes, what it would send untouched, and what a person can type or choose."""

    method: str
    action: str
    data: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.form: PageForm | None = None
        self.select = ""
        self.textarea: str | None = None

    def handle_starttag(self, tag: str, attributes: list) -> None:
        given = dict(attributes)
        name = given.get("name") or ""
        if tag == "form":
            self.form = PageForm(given.get("method") or "get", given.get("action") or "")
            self.forms.append(self.form)
        elif self.form is None:
            return
        elif tag == "button" and name:
            self.form.names.add(name)
        elif tag == "input" and name:
            self.form.names.add(name)
            ticks = given.get("type") in ("checkbox", "radio")
            if not ticks or "checked" in given:
                self._add(name, given.get("value") or ("on" if ticks else ""))
        elif tag == "select":
            self.select = name
            self.form.names.add(name)
        elif tag == "option" and self.select and "selected" in given:
            self._add(self.select, given.get("value") or "")
        elif tag == "textarea":
            self.textarea = name
            self.form.names.add(name)
            self._add(name, "")

    def _add(self, name: str, value: str) -> None:
        if self.form and name != "csrfmiddlewaretoken":
            self.form.data.setdefault(name, []).append(value)

    def handle_data(self, text: str) -> None:
        if self.textarea and self.form:
            self.form.data[self.textarea][-1] += text

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "textarea":
            self.textarea = None
        elif tag == "select":
            self.select = ""


def page_forms(response) -> list[PageForm]:
    """The forms of a page; the token against forgery left out."""
    reader = _Reader()
    reader.feed(response.content.decode())
    for form in reader.forms:
        form.names.discard("csrfmiddlewaretoken")
    return reader.forms


def form_data(response) -> dict[str, list[str]]:
    """The fields of every POST form of a page, as they stand."""
    data: dict[str, list[str]] = {}
    for form in page_forms(response):
        if form.method == "post":
            for name, values in form.data.items():
                data.setdefault(name, []).extend(values)
    return data
