"""Several PDFs as one that is still tagged: pypdf takes pages and bookmarks along, and drops what tells their order."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    TextStringObject,
)


def join(parts: Sequence[str], to: str, *, title: str) -> int:
    """Write the parts, one after the other, to a file; the number of its pages."""
    writer = PdfWriter()
    tree = DictionaryObject({NameObject("/Type"): NameObject("/StructTreeRoot")})
    root = writer._add_object(tree)
    children, numbers = ArrayObject(), ArrayObject()
    key = 0
    for part in parts:
        reader = PdfReader(part)
        first = len(writer.pages)
        writer.append(reader)
        key = _take_tags(writer, reader, first, key, root, children, numbers)
    tree[NameObject("/K")] = children
    tree[NameObject("/ParentTree")] = writer._add_object(DictionaryObject({NameObject("/Nums"): numbers}))
    tree[NameObject("/ParentTreeNextKey")] = NumberObject(key)
    _as_the_parts_say(writer, PdfReader(parts[0]), root, title)
    with Path(to).open("wb") as file:
        writer.write(file)
    return len(writer.pages)


def _take_tags(
    writer: PdfWriter,
    reader: PdfReader,
    first: int,
    key: int,
    root: Any,
    children: ArrayObject,
    numbers: ArrayObject,
) -> int:
    """Hang a part's tags below the common root, its pages' numbers moved on by `key`; the next number."""
    theirs: Any = reader.root_object.get("/StructTreeRoot")
    if theirs is None:
        return key
    theirs = theirs.get_object()
    kids = theirs["/K"].get_object() if not isinstance(theirs["/K"], DictionaryObject) else theirs["/K"]
    kids = kids if isinstance(kids, list) else [theirs.raw_get("/K")]
    for kid in kids:
        known = kid.get_object().clone(writer)  # pages that were appended are found again, not copied
        known[NameObject("/P")] = root
        children.append(known.indirect_reference)
    nums: Any = theirs["/ParentTree"].get_object()["/Nums"].get_object()
    highest = -1
    for place in range(0, len(nums), 2):
        number, held = int(nums[place]), nums[place + 1].get_object()
        cloned = held.clone(writer)
        reference = getattr(cloned, "indirect_reference", None) or writer._add_object(cloned)
        numbers.extend([NumberObject(key + number), reference])
        highest = max(highest, number)
    for page in writer.pages[first:]:
        _move(page, "/StructParents", key)
        for annotation in page.get("/Annots", ()):
            _move(annotation.get_object(), "/StructParent", key)
    return key + highest + 1


def _move(holder: Any, name: str, by: int) -> None:
    if name in holder:
        holder[NameObject(name)] = NumberObject(int(holder[name]) + by)


def _as_the_parts_say(writer: PdfWriter, reader: PdfReader, root: IndirectObject, title: str) -> None:
    """The catalogue: tagged, its language, its title shown, and which standard it keeps."""
    catalogue, first = writer.root_object, reader.root_object
    catalogue[NameObject("/StructTreeRoot")] = root
    for name in ("/MarkInfo", "/Lang", "/ViewerPreferences", "/Metadata"):
        if name in first:
            cloned = first[name].get_object().clone(writer)
            catalogue[NameObject(name)] = getattr(cloned, "indirect_reference", None) or cloned
    writer.add_metadata({"/Title": TextStringObject(title)})
