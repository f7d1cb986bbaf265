"""Which mails a person may do without, and the signed addresses by which they say so without signing in.

Mails about an account and about deadlines somebody owns are in no group: they always come.
"""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.models import User

# group: (how it is called, kinds of mail)
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cycles": ("Asking me to score: invitations, reminders, new due dates", ("invitation", "nudge", "new due date")),
    "renewals": ("Deadlines of contracts I do not own", ("renewal reminder",)),
    "actions": ("Actions I own that come due", ("action reminder",)),
    "digest": ("One mail a day, and all that goes into it", ("digest",)),
}  # fmt: skip
CHOICES = [(group, name) for group, (name, _) in GROUPS.items() if group != "digest"]
_SALT = "accounts.mail_choices"


def group_of(kind: str) -> str:
    """The group a kind of mail belongs to; empty where it always comes."""
    return next((group for group, (_, kinds) in GROUPS.items() if kind in kinds), "")


def address_to_stop(user_id: int, group: str) -> str:
    """Where a person says that they want no more mail of a group."""
    token = signing.dumps([user_id, group], salt=_SALT, compress=True)
    return f"{settings.SITE_URL}{reverse('mail_stop', args=[token])}"


def read_token(token: str) -> tuple[User, str] | None:
    """Whom and which group a signed address is about; None if we never wrote it."""
    try:
        user_id, group = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=user_id).first()
    return (user, group) if user and group in GROUPS else None


def stop(user: User, group: str) -> None:
    """Send a person no more of a group's mail; stopping the digest stops whatever goes into it."""
    stopped = {name for name, _ in CHOICES} if group == "digest" else {group}
    User.objects.filter(pk=user.pk).update(unwanted_mail=sorted({*user.unwanted_mail, *stopped}))
