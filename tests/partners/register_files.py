"""Builds registers for tests: honest and sloppy ones, and files that want to do harm."""

import csv
import functools
import io
import random
import struct
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from openpyxl import Workbook

REAL = Path(__file__).parents[1] / "data" / "act_contracts_2025.csv"
HEADINGS = ["Supplier", "Contract no", "Title", "Start", "End", "Amount"]
ROW = ["Alder Cloud Ltd", "C-1", "Hosting", "2026-01-01", "2026-12-31", "1000"]


def text(*rows: list[Any], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """A CSV of these rows."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def register(*rows: list[Any], headings: list[str] = HEADINGS) -> bytes:
    """A CSV with the usual headings."""
    return text(headings, *rows)


def row(**changes: Any) -> list[Any]:
    """The usual row with some cells changed: supplier, no, title, start, end, amount."""
    names = ["supplier", "no", "title", "start", "end", "amount"]
    return [changes.get(name, usual) for name, usual in zip(names, ROW, strict=True)]


def workbook(*rows: list[Any], **sheets: list[list[Any]]) -> Workbook:
    """An honest workbook; more sheets by name."""
    book = Workbook()
    for line in rows:
        book.active.append(line)
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    return book


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- Files that want to do harm --------------------------------------------------------------------------
TYPES = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
BOOK = (
    b'<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    b'<sheets><sheet name="Register" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
RELATIONS = (
    b'<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>'
)
SHEET = b'<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Supplier</t></is></c></row></sheetData></worksheet>'


def package(sheet: bytes = SHEET, *, level: int = 6, **parts: bytes) -> bytes:
    """A workbook put together by hand; `parts` adds or replaces members (__ for /, _dot_ for .)."""
    members = {
        "[Content_Types].xml": TYPES, "xl/workbook.xml": BOOK, "xl/_rels/workbook.xml.rels": RELATIONS,
        "xl/worksheets/sheet1.xml": sheet,
    }  # fmt: skip
    members |= {name.replace("__", "/").replace("_dot_", "."): content for name, content in parts.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def sheet_of(rows: str, dimension: str = "", merges: str = "", times: int = 1) -> bytes:
    declared = f'<dimension ref="{dimension}"/>' if dimension else ""
    merged = f'<mergeCell ref="{merges}"/>' * times if merges else ""
    return f"<worksheet>{declared}<sheetData>{rows}</sheetData>{merged}</worksheet>".encode()


def inline(reference: str, value: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{value}</t></is></c>'


def encrypted_flag() -> bytes:
    """A zip whose members say they are encrypted."""
    content = bytearray(package())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            struct.pack_into("<H", content, at + offset, 1)
            at = content.find(signature, at + 4)
    return bytes(content)


def compound(stream: str) -> bytes:
    """The beginning of an OLE container that names a stream."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1024 + stream.encode("utf-16-le") + b"\0" * 512


def endless_directory(entries: int) -> bytes:
    """A workbook whose directory names ever more parts, at 50 bytes each."""
    content = package()
    end = content.rfind(b"PK\5\6")
    size, start = struct.unpack_from("<II", content, end + 12)
    entry = "<4s4B4HL2L5H2L"
    more = b"".join(
        struct.pack(entry, b"PK\1\2", 20, 3, 20, 0, 0, 8, 0, 33, 0, 10, 10, 6, *[0] * 6) + b"%06d" % n
        for n in range(entries)
    )
    directory = content[start : start + size] + more
    closing = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65_535, 65_535, len(directory), start, 0)
    return content[:start] + directory + closing


def lying_size(content: bytes) -> bytes:
    """A workbook whose directory says that the sheet is small."""
    changed = bytearray(content)
    at = changed.rfind(b"xl/worksheets/sheet1.xml")
    struct.pack_into("<L", changed, at - 22, 100)
    return bytes(changed)


def bent(content: bytes) -> bytes:
    """A workbook with damage half-way through the sheet."""
    half = len(content) // 2
    return content[:half] + bytes(byte ^ 0x5A for byte in content[half : half + 40]) + content[half + 40 :]


def texts(items: Iterable[str]) -> bytes:
    """Texts shared by the cells of a workbook."""
    return f"<sst>{''.join(f'<si><t>{item}</t></si>' for item in items)}</sst>".encode()


def frayed(times: int) -> Iterator[str]:
    """Long texts that pack just not too well, each with a letter that makes the whole of it wide."""
    source = random.Random(7)
    for _ in range(times):
        yield f"{source.getrandbits(8_000):x}{'x' * 45_000}\U0001f600"


def many_sheets(sheet: bytes, number: int) -> bytes:
    """A workbook of so many sheets, all the same part."""
    relation = b'<Relationship Id="rId%d" Target="worksheets/sheet1.xml" Type="x/worksheet"/>'
    entry = b'<sheet name="S%d" sheetId="%d" r:id="rId%d"/>'
    return package(
        sheet,
        xl__workbook_dot_xml=b'<workbook xmlns:r="r"><sheets>%s</sheets></workbook>'
        % b"".join(entry % (n, n + 1, n) for n in range(number)),
        **{
            "xl/_rels/workbook.xml.rels": b"<Relationships>%s</Relationships>"
            % b"".join(relation % n for n in range(number))
        },
    )


LAUGHS = (
    b'<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>'
)


@functools.cache
def hostile_files() -> dict[str, tuple[str, bytes, str]]:
    """case → (file name, content, a word of the reason)."""
    megabyte = 1024 * 1024
    many_rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 110_000))
    no_rows = "".join(f'<row r="{n}" spans="1:{n % 977}"/>' for n in range(1, 1_100_000))
    many = {f"xl__media__p{n}_dot_xml": b"<a/>" for n in range(1_500)}
    some_rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 20_000))
    many_cells = "".join(
        f"<row>{''.join(f'<c><v>{n * m}</v></c>' for m in range(150))}</row>" for n in range(10_100)
    )
    same = '<c t="s"><v>0</v></c>'
    same_text = sheet_of("".join(f'<row r="{n}">{same * 9}</row>' for n in range(1, 5_000)))
    one_row = sheet_of(f'<row r="1">{inline("A1", "Supplier")}<c r="B1" t="s"><v>0</v></c></row>')
    return {
        "empty": ("a.csv", b"", "empty"),
        "too large": ("a.csv", b"Supplier,Title\n" + b"a,b\n" * (6 * megabyte), "MB"),
        "zero bytes": ("a.csv", b"Supplier,Title\nAlder,a\0b\n", "zero byte"),
        "binary": ("a.csv", bytes(range(1, 32)) * 100, "not a text file"),
        "pdf": ("a.csv", b"%PDF-1.7 ...", "PDF"),
        "pdf as xlsx": ("a.xlsx", b"%PDF-1.7 ...", "PDF"),
        "html as xls": ("a.xls", b"<html><table><tr><td>Supplier</td></tr></table></html>", "web page"),
        "text as xlsx": ("a.xlsx", b"Supplier,Title\na,b\n", "not one"),
        "gzip": ("a.csv", b"\x1f\x8b\x08" + b"\0" * 50, "gzip"),
        "old workbook": ("a.xls", compound("Workbook"), "old .xls"),
        "password": ("a.xlsx", compound("EncryptedPackage"), "password"),
        "encrypted members": ("a.xlsx", encrypted_flag(), "password"),
        "macros": ("a.xlsx", package(xl__vbaProject_dot_bin=b"x"), "macros"),
        "macro type": ("a.xlsx", package(**{"[Content_Types].xml": TYPES + b"<!-- macroEnabled -->"}), "macros"),
        "xlsm": ("a.xlsm", package(), "macros"),
        "other zip": ("a.xlsx", _zip({"word/document.xml": b"<a/>"}), "not a workbook"),
        "open document": ("a.ods", _zip({"mimetype": b"x", "content.xml": b"<a/>"}), "OpenDocument"),
        "bomb": ("a.xlsx", package(b"<worksheet>" + b" " * (10 * megabyte)), "unpacks"),
        "many bombs": ("a.xlsx", package(**{f"xl__p{n}_dot_xml": b"<a>" + b"x" * megabyte for n in range(130)}), "unpacks"),
        "many members": ("a.xlsx", package(**many), "parts"),
        "huge styles": ("a.xlsx", package(level=0, xl__styles_dot_xml=b"<styleSheet>" + b"y" * (9 * megabyte)), "too large"),
        "zip slip": ("a.xlsx", package(**{"../../evil.xml": b"<a/>"}), "outside itself"),
        "absolute": ("a.xlsx", package(**{"/etc/evil.xml": b"<a/>"}), "outside itself"),
        "nested archive": ("a.xlsx", package(xl__embeddings__a_dot_zip=b"PK"), "another archive"),
        "cut off": ("a.xlsx", package()[:-40], "damaged"),
        "endless directory": ("a.xlsx", endless_directory(300_000), "more parts"),
        "other packing": ("a.xlsx", _zip({"[Content_Types].xml": TYPES}, zipfile.ZIP_LZMA), "packed in a way"),
        "lying size": ("a.xlsx", lying_size(package(b"<worksheet>" + b" " * (50 * megabyte))), "damaged"),
        "bent in the middle": ("a.xlsx", bent(package(sheet_of(many_rows))), "damaged"),
        "laughs": ("a.xlsx", package(LAUGHS), "document type"),
        "laughs in utf-16": ("a.xlsx", package(LAUGHS.decode().encode("utf-16")), "document type"),
        "external entity": ("a.xlsx", package(xl__sharedStrings_dot_xml=b'<!DOCTYPE s SYSTEM "file:///etc/passwd"><sst/>'), "document type"),
        "no xml": ("a.xlsx", package(b"Supplier"), "damaged"),
        "declared size": ("a.xlsx", package(sheet_of("", "A1:XFD1048576")), "columns"),
        "declared rows": ("a.xlsx", package(sheet_of("", "A1:C99999999")), "rows"),
        "endless rows": ("a.xlsx", package(sheet_of(many_rows)), "more than 100,000 rows"),
        "endless nothing": ("a.xlsx", package(sheet_of(no_rows)), "empty formatted cells"),
        "many cells": ("a.xlsx", package(sheet_of(many_cells)), "1,500,000 cells"),
        "unused texts": ("a.xlsx", package(one_row, xl__sharedStrings_dot_xml=texts(f"{n}" for n in range(400_000))), "texts"),
        "heavy texts": ("a.xlsx", package(one_row, xl__sharedStrings_dot_xml=texts(frayed(1_000))), "more text"),
        "one text everywhere": ("a.xlsx", package(same_text, xl__sharedStrings_dot_xml=texts(frayed(1))), "MB of text"),
        "merged over and over": ("a.xlsx", package(sheet_of(some_rows, merges="A1:A20000", times=900)), "merges more cells"),
        "sheets without rows": ("a.xlsx", many_sheets(sheet_of(no_rows), 40), "empty formatted"),
        "far column": ("a.xlsx", package(sheet_of(f'<row r="1">{inline("XFD1", "x")}</row>')), "column"),
        "deep": ("a.xlsx", package(b"<worksheet>" + b"<a>" * 50_000), "nested"),
        "huge cell": ("a.xlsx", package(sheet_of(f'<row r="1">{inline("A1", "xy" * 5 * 100_000)}</row>'), level=0), "characters"),
        "cell of 10 MB": ("a.csv", b'Supplier,Title\n"' + b"ab" * (5 * megabyte) + b'",x\n', "longer than"),
        "quoted lines of 10 MB": ("a.csv", b'Supplier,Title\n"' + b"ab\n" * (3 * megabyte) + b'",x\n', "line"),
        "a million columns": ("a.csv", b"a," * 500_000 + b"\n" + b"1," * 500_000, "columns"),
        "two million lines": ("a.csv", b"a,b\n" * 2_000_000, "lines"),
        "too many rows": ("a.csv", b"Supplier,Title\n" + b"a,b\n" * 120_000, "more than 100,000 rows"),
    }  # fmt: skip


def _zip(members: dict[str, bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()
