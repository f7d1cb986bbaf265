"""How people sign in: by e-mail, with an account an administrator made. There is no sign-up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


def display_name(user: Any) -> str:
    """Return what allauth calls a person."""
    return str(user)


class AccountAdapter(DefaultAccountAdapter):
    """Closes sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
