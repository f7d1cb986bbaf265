"""The outbox: mail is a row in the transaction that caused it, and leaves afterwards.

queued → sending → sent | queued again (with a growing pause) | failed | ambiguous. A sender proves that it lives
with a PostgreSQL session advisory lock on the row; a row in `sending` whose lock is free was cut off between
hand-over and commit: nobody knows whether it left, so a person decides (Settings, Mail). Every row keeps one
Message-ID, so that a repeat can be recognised.
"""

import smtplib
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import OutgoingMail, User

PAUSES = [timedelta(minutes=m) for m in (1, 5, 30, 120, 360)]
DOUBT = "Nobody knows whether it left."
_LOCK_SPACE = 20_260  # first half of the advisory lock's key; the second is the row's id


def queue_mail(
    user: User | None, *, subject: str, text: str, kind: str, key: str | None = None
) -> OutgoingMail | None:
    """Write a mail to the outbox in the caller's transaction.

    Returns None if the person has no address or cannot sign in, or if `key` was queued before.
    """
    if user is None or not (user.email and user.is_active):
        return None
    subject = " ".join(subject.split())[:300]
    mail = OutgoingMail(recipient=user, to=user.email, subject=subject, text=text, kind=kind, key=key)
    if key is None:
        mail.save()
        return mail
    created = OutgoingMail.objects.bulk_create([mail], ignore_conflicts=True)
    return OutgoingMail.objects.filter(key=key, message_id=created[0].message_id).first()


def send_due_mail(*, seconds: float = 60) -> int:
    """Send what is due, one row at a time, for so long; returns how many left. Safe to run several times at once."""
    flag_cut_off_mail()
    if not settings.EMAIL_HOST:
        return 0
    sent, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and (mail := _claim()):
        try:
            sent += _hand_over(mail)
        finally:
            _unlock(mail.pk)
    return sent


def flag_cut_off_mail() -> int:
    """Mark rows whose sender died between hand-over and commit as ambiguous."""
    flagged = 0
    for pk in OutgoingMail.objects.filter(state=OutgoingMail.SENDING).values_list("pk", flat=True):
        if _lock(pk):
            try:
                flagged += OutgoingMail.objects.filter(pk=pk, state=OutgoingMail.SENDING).update(
                    state=OutgoingMail.AMBIGUOUS,
                    error=f"{DOUBT} The sender was cut off.",
                )
            finally:
                _unlock(pk)
    return flagged


def retry_mail(mail: OutgoingMail) -> bool:
    """Queue a failed or ambiguous mail again; False if it is neither any more."""
    return bool(
        OutgoingMail.objects.filter(
            pk=mail.pk, state__in=(OutgoingMail.FAILED, OutgoingMail.AMBIGUOUS)
        ).update(state=OutgoingMail.QUEUED, attempts=0, next_attempt_at=None, error="")
    )


@transaction.atomic
def _claim() -> OutgoingMail | None:
    """Take the next due row: lock it for this session and mark it as being sent."""
    due = Q(next_attempt_at=None) | Q(next_attempt_at__lte=timezone.now())
    queued = OutgoingMail.objects.select_for_update(skip_locked=True).filter(due, state=OutgoingMail.QUEUED)
    mail = queued.order_by("pk").first()
    if mail is None or not _lock(mail.pk):
        return None
    mail.state = OutgoingMail.SENDING
    mail.attempts += 1
    mail.save(update_fields=["state", "attempts"])
    return mail


def _hand_over(mail: OutgoingMail) -> int:
    message = EmailMessage(
        mail.subject, mail.text, settings.DEFAULT_FROM_EMAIL, [mail.to],
        headers={"Message-ID": f"<{mail.message_id}@vendorhub>", "Auto-Submitted": "auto-generated"},
    )  # fmt: skip
    server = get_connection()
    try:
        return _send(mail, message, server)
    finally:
        with suppress(OSError):
            server.close()


def _send(mail: OutgoingMail, message: EmailMessage, server: Any) -> int:
    """Send it and write down what became of it; returns 1 if it left. Every error of smtplib is an OSError."""
    try:
        server.open()  # apart from sending: what fails here has certainly not left
    except OSError as error:
        _note_failure(mail, error)
        return 0
    try:
        server.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        _note_failure(mail, error, for_good=all(code >= 500 for code in codes))
    except (
        smtplib.SMTPSenderRefused
    ) as error:  # our own address: a mistake in the settings, which somebody mends
        _note_failure(mail, error)
    except smtplib.SMTPResponseException as error:
        _note_failure(mail, error, for_good=error.smtp_code >= 500)
    except ValueError as error:  # it cannot be written as a mail at all
        _note_failure(mail, error, for_good=True)
    except OSError as error:
        mail.state, mail.error = OutgoingMail.AMBIGUOUS, f"{DOUBT} {_in_words(error)}"
        mail.save(update_fields=["state", "error"])
    else:
        mail.state, mail.sent_at, mail.error = OutgoingMail.SENT, timezone.now(), ""
        mail.save(update_fields=["state", "sent_at", "error"])
        return 1
    return 0


def _note_failure(mail: OutgoingMail, error: Exception, *, for_good: bool = False) -> None:
    """Queue it again after a pause, or give it to a person."""
    mail.error = _in_words(error)
    if for_good or mail.attempts > len(PAUSES):
        mail.state = OutgoingMail.FAILED
    else:
        mail.state, mail.next_attempt_at = OutgoingMail.QUEUED, timezone.now() + PAUSES[mail.attempts - 1]
    mail.save(update_fields=["state", "next_attempt_at", "error"])


def _in_words(error: Exception) -> str:
    """What the mail server said, or what kept us from it."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = list(error.recipients.values())
    elif isinstance(error, smtplib.SMTPResponseException):
        answers = [(error.smtp_code, error.smtp_error)]  # type: ignore[list-item]
    else:
        return f"{type(error).__name__}: {error}"[:2000]
    said = [
        f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
        for code, text in answers
    ]
    return f"The mail server said: {'; '.join(said)}"[:2000]


def _lock(pk: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, pk % 2**31])
        return cursor.fetchone()[0]


def _unlock(pk: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_SPACE, pk % 2**31])
