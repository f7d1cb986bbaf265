"""A letter's HTML, made of its plain text, so that both say the same.

A block of indented `name: value` lines becomes a table, indented `- item` lines a list, a line that ends in an address
a button, everything else a paragraph.
"""

import re
from dataclasses import dataclass

from django.template.loader import render_to_string

_FACT = re.compile(r"  ([^:]{1,40}): (.+)")
_CALL = re.compile(r"(.{1,80}): (https?://\S+)")


@dataclass(frozen=True)
class Block:
    """`kind`: facts (pairs), items, call (one pair: words and address) or text (lines)."""

    kind: str
    rows: list[tuple[str, ...]]


def html_of(text: str, *, stop: str = "") -> str:
    """The HTML alternative of a plain text; `stop`: the address where one says that one wants no more like it."""
    blocks = [_block(part.strip("\n").split("\n")) for part in re.split(r"\n\s*\n", text) if part.strip()]
    return render_to_string("mail/letter.html", {"blocks": blocks, "stop": stop})


def _block(lines: list[str]) -> Block:
    facts = [_FACT.fullmatch(line) for line in lines]
    if all(facts):
        return Block("facts", [fact.groups() for fact in facts if fact])
    if all(line.startswith("  ") for line in lines):
        return Block("items", [(line.strip().removeprefix("- "),) for line in lines])
    if len(lines) == 1 and (call := _CALL.fullmatch(lines[0])):
        return Block("call", [call.groups()])
    return Block("text", [(line,) for line in lines])
