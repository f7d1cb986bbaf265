"""Signs in text that nobody sees, and what is done about them: one rule for what is typed and what files bring.

In names `UNSEEN` signs are refused where somebody types and dropped where a file brings them. `JOINERS` say how letters of
Persian, Hindi and many other scripts, and emoji, are drawn: they are kept, and tell no two names apart. `TURNS_TEXT` is
refused everywhere. Imports nothing of Django.
"""

UNSEEN = "\u200b\u2060\ufeff\u00ad"
JOINERS = "\u200c\u200d\ufe0f"
TURNS_TEXT = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # reverse the reading direction

_TO_NOTHING = {ord(sign): None for sign in UNSEEN}
_TO_SAME = {ord(sign): None for sign in UNSEEN + JOINERS}


def without_unseen(text: str) -> str:
    """The text as people see it, joiners kept."""
    return text if text.isascii() else text.translate(_TO_NOTHING)


def without_joiners(text: str) -> str:
    """For comparing: neither joiners nor signs nobody sees."""
    return text if text.isascii() else text.translate(_TO_SAME)
