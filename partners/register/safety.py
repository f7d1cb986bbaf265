"""Refuses hostile and unreadable files before anything parses them, in little time and memory.

The checks look at the beginning of the file, the directory of the archive and the prolog of each
XML part; nothing is unpacked as a whole. What only shows while reading (too many rows, an endless
cell) is refused by `workbook` and `reading` at the limit, with the same exception.
"""

import re
import zipfile
import zlib
from typing import IO, Any
from xml.parsers import expat

MEGABYTE = 1024 * 1024
MAX_BYTES = 20 * MEGABYTE
MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_CELL = 50_000  # characters
MAX_LINES = 500_000  # physical lines of a text file; a cell may hold line breaks
MAX_LINE_BYTES = MEGABYTE
MAX_CELLS = 1_500_000  # filled
MAX_TEXT = 48 * MEGABYTE  # of all cells, as they lie in memory
MAX_MEMBERS = 1_000
MAX_DIRECTORY = MEGABYTE // 4  # of an archive, in bytes
MAX_UNPACKED = 120 * MEGABYTE
MAX_RATIO = 100  # unpacked to packed, judged from 1 MB on
# Parts that are small in any honest workbook.
MAX_PART = {"xl/workbook.xml": 2 * MEGABYTE, "xl/styles.xml": 8 * MEGABYTE, "[Content_Types].xml": MEGABYTE}
CHUNK = 64 * 1024
DIMENSION = re.compile(
    rb"""<(?:\w+:)?dimension\s[^>]*?ref\s*=\s*["'](?:[A-Z]+\d+:)?([A-Z]{1,9})(\d{1,12})["']"""
)

ARCHIVES = (
    ".zip",
    ".xlsx",
    ".xlsm",
    ".xlsb",
    ".docx",
    ".docm",
    ".pptx",
    ".jar",
    ".gz",
    ".bz2",
    ".xz",
    ".7z",
    ".rar",
)
SAVE_AS = "Save it as .xlsx or .csv and try again."
FOREIGN = [
    (b"%PDF", "This is a PDF, not a register."),
    (b"{\\rtf", "This is a text document (RTF), not a register."),
    (b"\x1f\x8b", "This is a packed file (gzip). Unpack it first."),
    (b"7z\xbc\xaf", "This is a packed file (7z). Unpack it first."),
    (b"Rar!", "This is a packed file (RAR). Unpack it first."),
    (b"\x89PNG", "This is a picture, not a register."),
    (b"\xff\xd8\xff", "This is a picture, not a register."),
    (b"MZ\x90\x00", "This is a program, not a register."),
    (b"\x7fELF", "This is a program, not a register."),
]


class Refused(Exception):
    """The file cannot be used at all; the message says why and what to do."""


def check_file(file: IO[bytes], name: str) -> str:
    """Return "xlsx" or "csv", or raise Refused. The file is left rewound."""
    size = file.seek(0, 2)
    file.seek(0)
    if not size:
        raise Refused("The file is empty.")
    if size > MAX_BYTES:
        raise Refused(f"The file has more than {MAX_BYTES // MEGABYTE} MB. Split it into several files.")
    head = file.read(4096)
    file.seek(0)
    if name.lower().endswith((".xlsm", ".xltm", ".xlsb")):
        raise Refused(f"Workbooks that can hold macros are not read. {SAVE_AS}")
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        _refuse_compound_file(file)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        _check_workbook(file)
        file.seek(0)
        return "xlsx"
    for magic, reason in FOREIGN:
        if head.startswith(magic):
            raise Refused(reason)
    if name.lower().endswith((".xlsx", ".xls", ".xltx")) and not _is_markup(head):
        raise Refused(f"The name says workbook, but the file is not one. {SAVE_AS}")
    _check_text(file, head)
    file.seek(0)
    return "csv"


def _refuse_compound_file(file: IO[bytes]) -> None:
    """An OLE container: an encrypted workbook or one in the format before 2007."""
    content = file.read(4 * MEGABYTE)
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise Refused("The workbook is protected by a password. Save it without one and try again.")
    raise Refused(f"This is a workbook in the old .xls format. {SAVE_AS}")


# --- Workbooks -------------------------------------------------------------------------------------------
class _Sparing:
    """A file of which nobody reads much at once: an archive's directory is read as a whole, however long it is."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def read(self, size: int = -1) -> bytes:
        found = self.file.read(MAX_DIRECTORY + 1 if size < 0 else min(size, MAX_DIRECTORY + 1))
        if len(found) > MAX_DIRECTORY:
            raise Refused(f"The workbook holds more parts than an honest one can: over {MAX_MEMBERS:,}.")
        return found


def _check_workbook(file: IO[bytes]) -> None:
    try:
        with zipfile.ZipFile(_Sparing(file)) as archive:  # type: ignore[arg-type]
            members = archive.infolist()
            _check_members(members)
            _check_kind({member.filename for member in members}, archive)
            for member in members:
                if member.filename.lower().endswith((".xml", ".rels", ".vml")):
                    _check_prolog(archive, member)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        zlib.error,
        NotImplementedError,  # what zipfile raises for a compression it does not know
        EOFError,
        OSError,
        ValueError,
    ) as broken:
        raise Refused(f"The workbook is damaged or not a workbook. {SAVE_AS}") from broken
    except RuntimeError as locked:  # what zipfile raises for an encrypted member
        raise Refused(
            "The workbook is protected by a password. Save it without one and try again."
        ) from locked


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise Refused(f"The workbook holds {len(members):,} parts; no honest one has over {MAX_MEMBERS:,}.")
    names = [member.filename for member in members]
    if len({name.lower() for name in names}) < len(names):
        raise Refused("The workbook holds two parts of the same name.")
    for member in members:
        name = member.filename
        if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name:
            raise Refused("The workbook names a part outside itself.")
        if member.flag_bits & 0x1:
            raise Refused("The workbook is protected by a password. Save it without one and try again.")
        if name.lower().endswith(ARCHIVES):
            raise Refused(
                f"The workbook holds another archive or document ({name[:60]}). Remove it and try again."
            )
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(f"The workbook is packed in a way that no spreadsheet program uses. {SAVE_AS}")
        if name.lower().endswith("vbaproject.bin"):
            raise Refused(f"The workbook holds macros. {SAVE_AS}")
        if member.file_size > MEGABYTE and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise Refused("The workbook unpacks to far more than it should.")
        if member.file_size > MAX_PART.get(name, MAX_UNPACKED):
            raise Refused(f"A part of the workbook ({name[:60]}) is far too large.")
    if sum(member.file_size for member in members) > MAX_UNPACKED:
        raise Refused(f"The workbook unpacks to more than {MAX_UNPACKED // MEGABYTE} MB.")


def _check_kind(names: set[str], archive: zipfile.ZipFile) -> None:
    """It must be a spreadsheet without macros."""
    if "mimetype" in names and "content.xml" in names:
        raise Refused(f"This is an OpenDocument file. {SAVE_AS}")
    if "xl/workbook.bin" in names:
        raise Refused(f"This is a binary workbook (.xlsb). {SAVE_AS}")
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise Refused("This is a packed file, but not a workbook. Unpack it first.")
    if b"macroenabled" in archive.read("[Content_Types].xml").lower():
        raise Refused(f"The workbook holds macros. {SAVE_AS}")


class _RootReached(Exception):
    pass


def _check_prolog(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """No document type (and so no entities), and a sane declared dimension of a sheet."""
    parser = safe_parser()

    def stop(tag: str, _attributes: dict[str, str]) -> None:
        raise _RootReached

    parser.StartElementHandler = stop
    with archive.open(member) as part:
        head = part.read(CHUNK)
        try:
            parser.Parse(head, False)
        except _RootReached:
            pass
        except (expat.ExpatError, LookupError) as broken:
            raise Refused(f"A part of the workbook ({member.filename[:60]}) cannot be read.") from broken
        else:
            if len(head) == CHUNK:
                raise Refused(f"A part of the workbook ({member.filename[:60]}) does not begin as it should.")
    if member.filename.startswith("xl/worksheets/"):
        _check_dimension(head)


def safe_parser() -> expat.XMLParserType:
    """An XML parser that refuses document types: no entity can then be declared, inside or outside."""
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise Refused("The workbook declares a document type. No honest workbook does.")

    parser.StartDoctypeDeclHandler = refuse
    parser.buffer_text = True
    parser.buffer_size = CHUNK
    return parser


def _check_dimension(head: bytes) -> None:
    declared = DIMENSION.search(head)
    if not declared:
        return
    column, row = column_number(declared[1].decode()), int(declared[2])
    if row > 5 * MAX_ROWS or column > 10 * MAX_COLUMNS:  # formatted empty cells are forgiven that far
        raise Refused(
            f"A sheet says it has {row:,} rows and {column:,} columns; up to {MAX_ROWS:,} rows and {MAX_COLUMNS} "
            "columns can be read. Delete the empty rows and columns around the register and save it again."
        )


def column_number(letters: str) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


# --- Text ------------------------------------------------------------------------------------------------
def _is_markup(head: bytes) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<head", b"<meta", b"<svg"))


def is_utf16(head: bytes) -> bool:
    """By its mark, or by zero bytes in every other place."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    even, odd = head[0::2].count(0), head[1::2].count(0)
    return len(head) >= 8 and max(even, odd) > len(head) * 0.35 and min(even, odd) < len(head) * 0.05


def _check_text(file: IO[bytes], head: bytes) -> None:
    """Text without zero bytes, with lines of a bearable length and number."""
    if _is_markup(head):
        raise Refused(f"This is a web page or XML, even if its name says otherwise. {SAVE_AS}")
    wide = is_utf16(head)
    if not wide and sum(byte < 32 and byte not in b"\t\n\r\f\x00" for byte in head) > len(head) // 20:
        raise Refused(f"This is not a text file. {SAVE_AS}")
    lines, length = 0, 0
    while chunk := file.read(CHUNK):
        if not wide and b"\0" in chunk:
            line = lines + chunk[: chunk.index(b"\0")].count(b"\n") + 1
            raise Refused(f"Line {line:,} holds a zero byte: the file is damaged or not text. {SAVE_AS}")
        lines += chunk.count(b"\n") or chunk.count(b"\r")
        if lines > MAX_LINES:
            raise Refused(
                f"The file has more than {MAX_LINES:,} lines; registers of up to {MAX_ROWS:,} rows can be read."
            )
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        length = length + len(chunk) if last < 0 else len(chunk) - last
        if length > MAX_LINE_BYTES:
            raise Refused(f"Line {lines + 1:,} is longer than 1 MB. No register has such a line.")
