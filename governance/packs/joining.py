"""Several PDFs of ours as one, tagged and with bookmarks, read and written part by part: memory does not grow with them.

For files that WeasyPrint has written uncompressed, and for nothing else: numbered objects, a plain table of where they
begin, dictionaries without comments, no links and no names. (Libraries that join PDFs hold all of it in memory, and drop
the tags.)
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

# A string is passed over, whatever stands in it; else the number of an object.
_REFERENCE = re.compile(rb"\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f]+>|(\d+) 0 R", re.DOTALL)
_NUMBERED = re.compile(rb"(\d+) (\[[^\]]*\])")  # of a parent tree: a page's number and the tags on it
CATALOGUE, PAGES, TAGS, DOCUMENT, OUTLINES, PARENTS, INFO = range(1, 8)
TOGETHER = 200  # objects in one compressed stream


@dataclass
class _Part:
    """One of the files: `bodies` by number, what its root says, and where its numbers begin in the whole."""

    data: bytes
    base: int
    places: list[int] = field(default_factory=list)
    root: bytes = b""
    ours: dict[int, int] = field(default_factory=dict)  # what is one thing in the whole
    ends: dict[int, int] = field(default_factory=dict)  # where the object that begins somewhere ends

    def __post_init__(self) -> None:
        table = int(self.data[self.data.rindex(b"startxref") + 9 :].split()[0])
        lines = self.data[table : self.data.index(b"trailer", table)].split(b"\n")[2:]
        found = [(int(line[:10]) if line[17:18] == b"n" else 0) for line in lines if line.strip()]
        self.places = [*found, table]
        in_order = sorted(place for place in self.places if place)
        self.ends = dict(pairwise(in_order))
        trailer = self.data[self.data.rindex(b"trailer") :]
        catalogue, info = _number(trailer, b"Root"), _number(trailer, b"Info")
        self.root = self.body(catalogue)
        pages, tags = _number(self.root, b"Pages"), _number(self.root, b"StructTreeRoot")
        self.ours = {catalogue: CATALOGUE, pages: PAGES, tags: TAGS, info: INFO}
        self.ours[_number(self.body(tags), b"K")] = DOCUMENT
        self.ours[_number(self.body(tags), b"ParentTree")] = PARENTS
        if b"/Outlines " in self.root:
            self.ours[_number(self.root, b"Outlines")] = OUTLINES

    def of(self, number: int) -> bytes:
        """The body of what is one thing in the whole, as this part has it; references are those of the whole."""
        known = next((mine for mine, whole in self.ours.items() if whole == number), 0)
        return self.moved(self.body(known)) if known else b""

    def body(self, number: int) -> bytes:
        """An object without its number and its end."""
        start, end = self.places[number], self.ends[self.places[number]]
        return self.data[start:end].split(b" obj\n", 1)[1].rsplit(b"\nendobj", 1)[0]

    def objects(self) -> Iterator[tuple[int, bytes]]:
        """Number in the whole and body of everything that is not one thing there."""
        for number, place in enumerate(self.places[:-1]):
            if number and place and number not in self.ours:
                yield self.base + number, self.body(number)

    def moved(self, body: bytes) -> bytes:
        """With the numbers of the whole."""

        def renumber(found: re.Match[bytes]) -> bytes:
            if found[1] is None:
                return found[0]
            number = int(found[1])
            return b"%d 0 R" % self.ours.get(number, self.base + number)

        return _REFERENCE.sub(renumber, body)


def join(parts: Sequence[str], to: str, *, title: str) -> int:
    """Write the parts, one after the other, to a file; the number of its pages."""
    with Path(to).open("wb") as file:
        whole = _Whole(file)
        for name in parts:
            whole.take(Path(name).read_bytes())
        return whole.finish(title)


class _Whole:
    def __init__(self, file: BinaryIO) -> None:
        self.file, self.next = file, INFO + 1
        self.entries: list[tuple[int, int, int]] = [
            (0, 0, 65535)
        ] * self.next  # kind, where, which, by number
        self.waiting: list[tuple[int, bytes]] = []
        self.pages: list[bytes] = []
        self.tags: list[bytes] = []
        self.parents: list[bytes] = []
        self.first_bookmark = self.last_bookmark = 0
        self.held = b""  # the last bookmark of the parts so far: it has to name the next
        self.bookmarks = 0
        self.root_said = b""  # by the first part: language, that it is tagged, what it keeps to
        file.write(b"%PDF-1.7\n%\xf0\x9f\x96\xa4\n")

    def take(self, data: bytes) -> None:
        """Write a part's objects, and keep what the whole has one of."""
        part = _Part(data, self.next - 1)
        self.next += len(part.places) - 2
        self.entries += [(0, 0, 65535)] * (self.next - len(self.entries))
        outlines = part.of(OUTLINES)
        first, last = (_number(outlines, name) if outlines else 0 for name in (b"First", b"Last"))
        pages = len(self.pages)
        for number, body in part.objects():
            if body.endswith(b"\nendstream"):
                self._write_stream(number, part, body)
                continue
            body = part.moved(body)
            if b"/Type /Page/" in body:
                body = re.sub(
                    rb"/StructParents (\d+)", lambda m: b"/StructParents %d" % (int(m[1]) + pages), body
                )
            if number == first and self.last_bookmark:
                self._say_next(number)
                body = b"%s/Prev %d 0 R>>" % (body[:-2], self.last_bookmark)
            if number == last:
                self.last_bookmark, self.held = number, body
            else:
                self._write(number, body)
        self.first_bookmark = self.first_bookmark or first
        self.bookmarks += int(_value(outlines, b"Count")) if outlines else 0
        self.pages += re.findall(rb"\d+ 0 R", _value(part.of(PAGES), b"Kids"))
        self.tags += re.findall(rb"\d+ 0 R", _value(part.of(DOCUMENT), b"K"))
        for number, tags in _NUMBERED.findall(part.of(PARENTS).partition(b"[")[2]):
            self.parents.append(b"%d %s" % (int(number) + pages, tags))
        if not self.root_said:
            self.root_said = re.sub(
                rb"/(?:Type|Pages|Outlines|StructTreeRoot) (?:/Catalog|\d+ 0 R)", b"", part.moved(part.root)
            )

    def _say_next(self, number: int) -> None:
        self._write(self.last_bookmark, b"%s/Next %d 0 R>>" % (self.held[:-2], number))
        self.held = b""

    def finish(self, title: str) -> int:
        if self.held:
            self._write(self.last_bookmark, self.held)
        self._write(PAGES, b"<</Type /Pages/Kids [%s]/Count %d>>" % (b" ".join(self.pages), len(self.pages)))
        self._write(TAGS, b"<</Type /StructTreeRoot/ParentTree %d 0 R/ParentTreeNextKey %d/K [%d 0 R]>>" % (PARENTS, len(self.pages), DOCUMENT))  # fmt: skip
        self._write(
            DOCUMENT, b"<</Type /StructElem/S /Document/K [%s]/P %d 0 R>>" % (b" ".join(self.tags), TAGS)
        )
        self._write(PARENTS, b"<</Nums [%s]>>" % b" ".join(self.parents))
        more = b""
        if self.bookmarks:
            more = b"/Outlines %d 0 R" % OUTLINES
            self._write(OUTLINES, b"<</Type /Outlines/Count %d/First %d 0 R/Last %d 0 R>>" % (self.bookmarks, self.first_bookmark, self.last_bookmark))  # fmt: skip
        self._write(INFO, b"<</Title <%s>>>" % (b"\xfe\xff" + title.encode("utf-16-be")).hex().encode())
        own = b"<</Type /Catalog/Pages %d 0 R/StructTreeRoot %d 0 R%s" % (PAGES, TAGS, more)
        self._write(CATALOGUE, own + self.root_said[2:])
        self._flush()
        self._write_table()
        return len(self.pages)

    def _write(self, number: int, body: bytes) -> None:
        self.waiting.append((number, body))
        if len(self.waiting) >= TOGETHER:
            self._flush()

    def _flush(self) -> None:
        """Write what waits as one compressed stream of objects."""
        if not self.waiting:
            return
        number, heads, at = self._new(), [], 0
        for place, (one, body) in enumerate(self.waiting):
            heads.append(b"%d %d" % (one, at))
            self.entries[one] = (2, number, place)
            at += len(body) + 1
        head = b" ".join(heads) + b"\n"
        packed = zlib.compress(head + b"\n".join(body for _, body in self.waiting))
        about = b"/Type /ObjStm/N %d/First %d" % (len(self.waiting), len(head))
        self.waiting = []
        self._write_packed(number, about, packed)

    def _write_stream(self, number: int, part: _Part, body: bytes) -> None:
        """A stream as it is, packed unless it is already or has to be read by others (the metadata)."""
        head, _, content = body.partition(b"\nstream\n")
        content, about = content[: -len(b"\nendstream")], part.moved(head)[2:-2]
        about = re.sub(rb"/Length \d+", b"", about)
        if b"/Filter" in about or b"/Metadata" in about:
            self._write_packed(number, about, content, b"")
        else:
            self._write_packed(number, about, zlib.compress(content))

    def _write_packed(
        self, number: int, about: bytes, content: bytes, by: bytes = b"/Filter /FlateDecode"
    ) -> None:
        self.entries[number] = (1, self.file.tell(), 0)
        self.file.write(b"%d 0 obj\n<<%s%s/Length %d>>\nstream\n%s\nendstream\nendobj\n" % (number, about, by, len(content), content))  # fmt: skip

    def _new(self) -> int:
        self.next += 1
        self.entries.append((0, 0, 65535))
        return self.next - 1

    def _write_table(self) -> None:
        """Where every object is, as a stream."""
        number, start = self._new(), self.file.tell()
        self.entries[number] = (1, start, 0)
        rows = b"".join(
            b"%c%s%s" % (kind, at.to_bytes(5, "big"), which.to_bytes(2, "big"))
            for kind, at, which in self.entries
        )
        about = b"/Type /XRef/Size %d/W [1 5 2]/Root %d 0 R/Info %d 0 R" % (
            len(self.entries),
            CATALOGUE,
            INFO,
        )
        self._write_packed(number, about, zlib.compress(rows))
        self.file.write(b"startxref\n%d\n%%%%EOF\n" % start)


def _value(body: bytes, name: bytes) -> bytes:
    """What a dictionary says of a name: a reference, a number, or what is inside brackets."""
    found = re.search(rb"/" + name + rb" (?:\[([^\]]*)\]|(\d+ 0 R)|(\d+))", body)
    return next((group for group in found.groups() if group is not None), b"") if found else b""


def _number(body: bytes, name: bytes) -> int:
    """The number of the object that a dictionary refers to by a name."""
    return int(_value(body, name).split()[0])
