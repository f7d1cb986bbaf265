"""What a browser would send back from a page that nobody touched."""

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.data: dict[str, list[str]] = {}
        self.depth = 0
        self.select = ""
        self.textarea: str | None = None

    def handle_starttag(self, tag: str, attributes: list) -> None:
        given = dict(attributes)
        name = given.get("name") or ""
        if tag == "form":
            self.depth += given.get("method") == "post"
        elif tag == "input" and name and self.depth:
            ticks = given.get("type") in ("checkbox", "radio")
            if not ticks or "checked" in given:
                self.data.setdefault(name, []).append(given.get("value") or ("on" if ticks else ""))
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in given:
            self.data.setdefault(self.select, []).append(given.get("value") or "")
        elif tag == "textarea":
            self.textarea = name
            self.data.setdefault(name, []).append("")

    def handle_data(self, text: str) -> None:
        if self.textarea:
            self.data[self.textarea][-1] += text

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.textarea = None
        elif tag == "select":
            self.select = ""


def form_data(response) -> dict[str, list[str]]:
    """The fields of every POST form of a page, as they stand; the token against forgery left out."""
    reader = _Reader()
    reader.feed(response.content.decode())
    reader.data.pop("csrfmiddlewaretoken", None)
    return reader.data
