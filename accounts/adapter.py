"""How people sign in: by e-mail, with an account an administrator made. There is no sign-up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from accounts.models import User
from accounts.services.mail import queue_mail


def display_name(user: Any) -> str:
    """Return what allauth calls a person."""
    return str(user)


class AccountAdapter(DefaultAccountAdapter):
    """Closes sign-up, and sends allauth's mail (forgotten passwords) through our outbox."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        message = self.render_mail(template_prefix, email, context)
        user = User.objects.filter(email__iexact=email).first()
        queue_mail(user, subject=message.subject, text=str(message.body), kind="account", to=email)
