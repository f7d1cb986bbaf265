"""The outbox: mail is a row in the transaction that caused it, and leaves afterwards.

queued → sending → sent | queued again (with a growing pause) | failed | ambiguous. A sender proves that it lives
with a PostgreSQL session advisory lock on the row; a row in `sending` whose lock is free was cut off between
hand-over and commit: nobody knows whether it left. What must arrive is then queued again and says that it may be a
repeat; for the rest a person decides (Settings, Mail). Every row keeps one Message-ID, so that a repeat can be
recognised. While the mail server does not answer, everything waits and no row loses an attempt. Mail of a group a
person does without is `unwanted` at once; for whoever wants one mail a day it is `collected` into a digest.
"""

import smtplib
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.letters import html_of
from accounts.mail_choices import address_to_stop, group_of
from accounts.models import OutgoingMail, User
from accounts.words import counted

PAUSES = [timedelta(minutes=m) for m in (1, 5, 30, 120, 360)]
AWAY = timedelta(minutes=1)  # until the next try where the mail server does not answer
REPEATS = 10  # times a mail is sent again because its sender died; then it may be the mail that kills
LATE = timedelta(minutes=15)  # what must arrive and has not left by then is a matter for people
DIGEST_HOUR = 7
DOUBT = "Nobody knows whether it left."
_LOCK_SPACE = 20_260  # first half of the advisory lock's key; the second is the row's id
_TAKE = """
WITH due AS (
    SELECT id FROM accounts_outgoingmail WHERE state = 'queued' AND (next_attempt_at IS NULL OR next_attempt_at <= %s)
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE accounts_outgoingmail mail SET state = 'sending', attempts = attempts + 1
FROM due WHERE mail.id = due.id AND pg_try_advisory_lock(%s, (due.id %% 2147483648)::int) RETURNING mail.*
"""
_LOOK_EVERY = 2  # seconds between looks for mail that another sender left half sent


def queue_mail(
    user: User | None,
    *,
    subject: str,
    text: str,
    kind: str,
    key: str | None = None,
    must_arrive: bool = False,
    outside: str = "",
    calendar: str = "",
) -> OutgoingMail | None:
    """Write a mail to the outbox in the caller's transaction; its HTML is made of the text (`accounts.letters`).

    `must_arrive`: never collected or unwanted, and sent again by itself where nobody knows whether it left.
    `outside`: the address of somebody who is no user, where `user` is None. `calendar`: an iTIP message (RFC 5546) as
    a part of its own. Returns None if the person has no address or cannot sign in, or if `key` was queued before.
    """
    to = outside if user is None else user.email if user.is_active else ""
    if not to:
        return None
    mail = OutgoingMail(
        recipient=user, to=to, subject=" ".join(subject.split())[:300], text=text, kind=kind, key=key,
        calendar=calendar, must_arrive=must_arrive,
        state=OutgoingMail.QUEUED if must_arrive or user is None else _wanted(user, kind),
    )  # fmt: skip
    if key is None:
        mail.save()
        return mail
    created = OutgoingMail.objects.bulk_create([mail], ignore_conflicts=True)
    return OutgoingMail.objects.filter(key=key, message_id=created[0].message_id).first()


def _wanted(user: User, kind: str) -> str:
    """The state in which a mail of a kind begins for a person, as they chose."""
    group = group_of(kind)
    if group in user.unwanted_mail:
        return OutgoingMail.UNWANTED
    collected = user.daily_digest and group not in ("", "digest")
    return OutgoingMail.COLLECTED if collected else OutgoingMail.QUEUED


def write_digests() -> int:
    """Put what was collected before the last digest hour into one mail a person; returns how many were written."""
    now = timezone.localtime()
    hour = now.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    before = hour if hour <= now else hour - timedelta(days=1)
    collected = OutgoingMail.objects.filter(state=OutgoingMail.COLLECTED, digest=None, created_at__lt=before)
    people = set(collected.order_by().values_list("recipient", flat=True).distinct())
    return sum(_write_digest(collected.filter(recipient=person), before) for person in people)


@transaction.atomic
def _write_digest(collected: QuerySet[OutgoingMail], before: datetime) -> int:
    mails = list(
        collected.order_by("pk").select_for_update(skip_locked=True, of=("self",)).select_related("recipient")
    )
    wanted = [
        mail for mail in mails if mail.recipient and group_of(mail.kind) not in mail.recipient.unwanted_mail
    ]
    text = "\n\n".join(f"{mail.subject}\n\n{mail.text.strip()}" for mail in wanted)
    digest = wanted and queue_mail(
        wanted[0].recipient, subject=f"{counted(len(wanted), 'message')} of {before:%-d %B}", text=text, kind="digest"
    )  # fmt: skip
    if digest:
        OutgoingMail.objects.filter(pk__in=[mail.pk for mail in wanted]).update(digest=digest)
    # What they stopped since, and all of it where they left or have no address any more.
    rest = [mail.pk for mail in mails if not digest or mail not in wanted]
    OutgoingMail.objects.filter(pk__in=rest).update(state=OutgoingMail.UNWANTED)
    return 1 if digest else 0


def late_mail() -> QuerySet[OutgoingMail]:
    """What must arrive, was due and is not out."""
    states = (OutgoingMail.QUEUED, OutgoingMail.SENDING, *OutgoingMail.ATTENTION)
    return OutgoingMail.objects.filter(
        must_arrive=True, state__in=states, created_at__lt=timezone.now() - LATE
    )


def is_without_server() -> bool:
    """Whether this site is meant to have no mail server: its mail waits, and nobody has to be alarmed."""
    return settings.NO_MAIL_SERVER and not settings.EMAIL_HOST


def late_in_words() -> str:
    """The same in a sentence, for the home page, the page of mail and /readyz; empty where nothing is late."""
    late = 0 if is_without_server() else late_mail().count()
    if not late:
        return ""
    were, have = ("was", "has") if late == 1 else ("were", "have")
    why = "" if settings.EMAIL_HOST else ": no mail server is set"
    return f"{counted(late, 'mail')} about deadlines {were} due more than a quarter of an hour ago and {have} not left{why}."


def send_due_mail(*, seconds: float = 60) -> int:
    """Send what is due, one row at a time, for so long; returns how many left. Safe to run several times at once."""
    write_digests()
    settle_cut_off_mail()
    if not settings.EMAIL_HOST:
        return 0
    sent, began = 0, time.monotonic()
    looked, server = began, _Server()
    try:
        while (now := time.monotonic()) - began < seconds and (mail := _claim()):
            try:
                sent += _send(mail, server)
            except ServerAwayError as away:
                _wait(mail, str(away))
                break
            finally:
                _unlock(mail.pk)
            if now - looked > _LOOK_EVERY:
                settle_cut_off_mail()
                looked = now
    finally:
        server.close()
    return sent


@transaction.atomic
def _wait(mail: OutgoingMail, why: str) -> None:
    """Let everything that is due wait for the mail server. It costs no attempt: there was nobody to refuse it."""
    later = {"next_attempt_at": timezone.now() + AWAY, "error": why}
    OutgoingMail.objects.filter(pk=mail.pk).update(
        state=OutgoingMail.QUEUED, attempts=mail.attempts - 1, **later
    )
    due = Q(next_attempt_at=None) | Q(next_attempt_at__lte=timezone.now())
    others = OutgoingMail.objects.select_for_update(skip_locked=True).filter(due, state=OutgoingMail.QUEUED)
    OutgoingMail.objects.filter(pk__in=others.values("pk")).update(**later)


def settle_cut_off_mail() -> int:
    """Queue again, or give to a person, what a sender that died had in hand; returns how many rows that were."""
    settled = 0
    for pk in OutgoingMail.objects.filter(state=OutgoingMail.SENDING).values_list("pk", flat=True):
        if _lock(pk):
            try:
                row = OutgoingMail.objects.filter(pk=pk, state=OutgoingMail.SENDING)
                settled += row.filter(must_arrive=True, repeats__lt=REPEATS).update(
                    state=OutgoingMail.QUEUED, repeats=F("repeats") + 1, next_attempt_at=None,
                    attempts=Greatest(F("attempts") - 1, 0),  # its sender's death was no refusal
                    error=f"{DOUBT} The sender was cut off, so it is sent again.",
                )  # fmt: skip
                settled += row.update(state=OutgoingMail.AMBIGUOUS, error=f"{DOUBT} The sender was cut off.")
            finally:
                _unlock(pk)
    return settled


def retry_mail(mails: QuerySet[OutgoingMail]) -> int:
    """Queue failed and ambiguous mails again; returns how many there still were."""
    again = {"state": OutgoingMail.QUEUED, "attempts": 0, "next_attempt_at": None, "error": ""}
    doubtful = mails.filter(state=OutgoingMail.AMBIGUOUS).update(repeats=F("repeats") + 1, **again)
    return doubtful + mails.filter(state=OutgoingMail.FAILED).update(**again)


def _claim() -> OutgoingMail | None:
    """Take the next due row: lock it for this session and mark it as being sent, in one statement."""
    return next(iter(OutgoingMail.objects.raw(_TAKE, [timezone.now(), _LOCK_SPACE])), None)


class ServerAwayError(Exception):
    """There is no connection to the mail server to be had, so nothing has left."""


class _Server:
    """The connection to the mail server, kept from one mail to the next while it answers."""

    def __init__(self) -> None:
        self._connection: Any = get_connection()

    def ready(self) -> Any:
        """The open connection, or ServerAwayError. Every error of smtplib is an OSError."""
        line = getattr(self._connection, "connection", None)
        if line is not None:
            with suppress(OSError):
                if line.noop()[0] == 250:
                    return self._connection
            self.close()
        try:
            self._connection.open()
        except OSError as error:
            raise ServerAwayError(_in_words(error)) from error
        return self._connection

    def close(self) -> None:
        with suppress(OSError):
            self._connection.close()


def _message(mail: OutgoingMail) -> EmailMultiAlternatives:
    """The mail as it leaves: text and HTML, what to do against it, and whether it may be a repeat."""
    headers = {"Message-ID": f"<{mail.message_id}@vendorhub>", "Auto-Submitted": "auto-generated"}
    text, address = mail.text, ""
    if mail.repeats:
        headers["X-VendorHub-Repeat"] = str(mail.repeats)
        text += "\nYou may have got this mail before: nobody knows whether it left the first time.\n"
    if (group := group_of(mail.kind)) and mail.recipient_id and not mail.must_arrive:
        address = address_to_stop(mail.recipient_id, group)
        headers["List-Unsubscribe"] = f"<{address}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    last = f"\nNo more mail like this: {address}\n" if address else ""
    message = EmailMultiAlternatives(
        mail.subject, text + last, settings.DEFAULT_FROM_EMAIL, [mail.to], headers=headers
    )
    message.attach_alternative(html_of(text, stop=address), "text/html")
    if mail.calendar:
        method = "CANCEL" if "\nMETHOD:CANCEL" in mail.calendar else "REQUEST"
        message.attach_alternative(mail.calendar, f"text/calendar; method={method}")
    return message


def _send(mail: OutgoingMail, server: _Server) -> int:
    """Send it and write down what became of it; returns 1 if it left."""
    line = server.ready()  # apart from sending: what fails here has certainly not left
    try:
        line.send_messages([_message(mail)])
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
        server.close()
        _note_doubt(mail, error)
    else:
        mail.state, mail.sent_at, mail.error = OutgoingMail.SENT, timezone.now(), ""
        mail.save(update_fields=["state", "sent_at", "error"])
        return 1
    return 0


def _note_doubt(mail: OutgoingMail, error: Exception) -> None:
    """It may have left. What must arrive is sent again after a pause, as a repeat; for the rest a person decides."""
    mail.state, mail.error = OutgoingMail.AMBIGUOUS, f"{DOUBT} {_in_words(error)}"
    if mail.must_arrive and mail.attempts <= len(PAUSES):
        mail.state, mail.repeats = OutgoingMail.QUEUED, mail.repeats + 1
        mail.next_attempt_at = timezone.now() + PAUSES[mail.attempts - 1]
    mail.save(update_fields=["state", "repeats", "next_attempt_at", "error"])


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
