"""How people sign in: by e-mail, with an account an administrator made. There is no sign-up."""

import ipaddress
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services.mail import queue_mail
from vendorhub.roles import STARTS

RESET_PAUSE = 300  # seconds in which one forgotten password makes one mail


def display_name(user: Any) -> str:
    """Return what allauth calls a person."""
    return str(user)


def attempted_address(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """The e-mail address somebody tries to sign in with, for counting failures: one person, however spelled."""
    typed = (credentials or {}).get("email") or request.POST.get("login", "")
    return str(typed).strip().lower()[:254]


def client_address(request: HttpRequest) -> str | None:
    """The address of the browser, seen through as many proxies as PROXY_COUNT says, and no more."""
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    count = settings.PROXY_COUNT
    address = hops[-count].strip() if 0 < count <= len(hops) else request.META.get("REMOTE_ADDR", "")
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


class AccountAdapter(DefaultAccountAdapter):
    """Closes sign-up, speaks plainly, and sends allauth's mail (forgotten passwords) through our outbox."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "This e-mail address and password do not belong together. Check both and try again.",
        "enter_current_password": "This is not your current password. Type it again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The page the person's role begins with."""
        return reverse(STARTS.get(request.user.role, settings.LOGIN_REDIRECT_URL))  # type: ignore[union-attr]

    def set_password(self, user: Any, password: str) -> None:
        """Save nothing but the password: an administrator may be editing the person."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        message = self.render_mail(template_prefix, email, context)
        user = User.objects.able_to_sign_in().filter(email__iexact=email).first()
        if user is None:
            return
        window = int(timezone.now().timestamp()) // RESET_PAUSE
        queue_mail(
            user, subject=message.subject, text=str(message.body), kind="account",
            key=f"{template_prefix.rpartition('/')[2]}:{user.pk}:{window}",
        )  # fmt: skip
