"""Turns markup into a PDF, in a process of its own: its memory is given back when it ends, and it knows no secrets.

`python -m governance.packs.press` reads a job as JSON from standard input and answers with the number of pages.
Nothing is fetched but the style sheets that the job names and data: addresses.
"""

import json
import sys
from collections.abc import Iterable
from typing import Any

SITE = "https://pack.invalid/"  # what relative addresses stand under; never asked


def run(job: dict[str, Any]) -> int:
    """Print `html` to the file `to` (or only count its pages), or join the files `parts` into `to`."""
    if "parts" in job:
        from governance.packs.joining import join

        return join(job["parts"], job["to"], title=job["title"])
    return print_part(
        job["html"], sheets=job["sheets"], margins=job["margins"], charts=job["charts"], to=job.get("to"),
        is_part=job.get("is_part", False),
    )  # fmt: skip


def print_part(
    html: str, *, sheets: Iterable[str], margins: str, charts: str, to: str | None, is_part: bool = False
) -> int:
    """The number of pages; a part is written so that it can be joined. `sheets` and `charts`: rules as text, of the page and of what is drawn in it."""
    from weasyprint import CSS, HTML
    from weasyprint.urls import URLFetcher

    class OnlyWhatIsInside(URLFetcher):
        """Refuses every address but data:."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith("data:"):
                raise ValueError("A pack fetches nothing.")
            return super().fetch(url, headers)

    fetcher = OnlyWhatIsInside(allowed_protocols=["data"], allow_redirects=False)
    page = HTML(string=html, base_url=SITE, url_fetcher=fetcher)
    draw(page.etree_element, charts)
    rules = [CSS(string=text, base_url=SITE, url_fetcher=fetcher) for text in (*sheets, margins)]
    document = page.render(stylesheets=rules)
    if to:
        document.write_pdf(to, pdf_variant="pdf/ua-1", uncompressed_pdf=is_part)
    return len(document.pages)


def draw(root: Any, charts: str) -> None:
    """Write the rules of `charts` onto the elements of every drawing: style sheets of a page do not reach into them."""
    import cssselect2
    import tinycss2

    matcher: Any = cssselect2.Matcher()
    for rule in tinycss2.parse_stylesheet(charts, skip_comments=True, skip_whitespace=True):
        if rule.type != "qualified-rule":
            continue
        said = [one for one in tinycss2.parse_blocks_contents(rule.content) if one.type == "declaration"]
        values = [(one.lower_name, tinycss2.serialize(one.value).strip()) for one in said]
        for selector in cssselect2.compile_selector_list(rule.prelude):
            matcher.add_selector(selector, values)
    for svg in root.iter("{http://www.w3.org/2000/svg}svg"):
        for element in cssselect2.ElementWrapper.from_xml_root(svg).iter_subtree():
            for *_, values in matcher.match(element):
                for name, value in values:
                    element.etree_element.set(name, value)


if __name__ == "__main__":
    print(json.dumps({"pages": run(json.load(sys.stdin))}))
