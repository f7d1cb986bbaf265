"""Pairs rows of a register with the contracts they may mean: the surest likeness first, in doubt nobody."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

Key = tuple[Any, ...]
FEW = 200

# What makes a row mean a contract of the same partner and reference, surest first; "suffix" is the reference that
# stood behind the supplier's name.
LIKENESS = [
    ("suffix",), ("title", "link", "starts", "ends", "total_value"), ("link",), ("title", "starts", "ends"),
    ("title", "total_value"), ("title",), ("starts", "ends", "total_value"),
]  # fmt: skip
# The same for contracts without a reference, of the same partner and title.
LIKENESS_WITHOUT_REFERENCE = [
    ("link", "starts", "ends", "total_value"), ("link",), ("starts", "ends"), ("starts",), ("ends",),
]  # fmt: skip


def pair_up(
    items: list[Any], candidates: list[Any], *, by_reference: bool, agrees: Callable[[Any, Any], bool]
) -> tuple[list[tuple[Any, Any]], list[Any]]:
    """Return (pairs of row and contract, rows that cannot be told). Rows in neither are new contracts.

    One row and one contract of a reference belong together whatever was edited; several are told apart by what
    they say. `agrees` says whether a contract holds all that a row states.
    """
    pairs: list[tuple[Any, Any]] = []
    for names in LIKENESS if by_reference else LIKENESS_WITHOUT_REFERENCE:
        items, candidates = _pass(items, candidates, names, pairs)
    if len(items) <= FEW:
        for item in items:
            same = next((contract for contract in candidates if agrees(item, contract)), None)
            if same is not None and (by_reference or _undated(item, same)):
                pairs.append((item, same))
                candidates = [contract for contract in candidates if contract is not same]
        paired = {id(item) for item, _ in pairs}
        items = [item for item in items if id(item) not in paired]
    if len(items) == len(candidates) == 1 and (by_reference or _undated(items[0], candidates[0])):
        return [*pairs, (items[0], candidates[0])], []
    return pairs, items if by_reference and candidates else []


def _pass(
    items: list[Any], candidates: list[Any], names: tuple[str, ...], pairs: list[tuple[Any, Any]]
) -> tuple[list[Any], list[Any]]:
    """Pair what is alike in these fields, in order; return who is left on both sides."""
    if not items or not candidates:
        return items, candidates
    waiting: dict[Key, list[Any]] = defaultdict(list)
    for contract in reversed(candidates):
        waiting[_of_contract(contract, names)].append(contract)
    left, taken = [], set()
    for item in items:
        key = _of_row(item, names)
        if key and waiting.get(key):
            contract = waiting[key].pop()
            taken.add(id(contract))
            pairs.append((item, contract))
        else:
            left.append(item)
    return left, [contract for contract in candidates if id(contract) not in taken]


def _of_contract(contract: Any, names: tuple[str, ...]) -> Key:
    return tuple(
        contract.reference_suffix if name == "suffix" else _plain(getattr(contract, name)) for name in names
    )


def _of_row(item: Any, names: tuple[str, ...]) -> Key:
    """What the row says; () where it says nothing. Of many fields together some may be empty."""
    key = tuple(item.own_reference if name == "suffix" else _plain(item.values.get(name)) for name in names)
    said = [part != "" for part in key]
    return key if any(said) and (len(names) > 3 or all(said)) else ()


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    return value.casefold() if isinstance(value, str) else value


def _undated(item: Any, contract: Any) -> bool:
    said = item.values
    return not (said.get("starts") or said.get("ends")) or not (contract.starts or contract.ends)
