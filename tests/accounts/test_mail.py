"""The outbox against a real mail server: what is sent, sent again, given up, and left to a person."""

import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings as site
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.letters import html_of
from accounts.models import OutgoingMail
from accounts.services.mail import AWAY, LATE, PAUSES, queue_mail, send_due_mail, settle_cut_off_mail
from accounts.tasks import send_queued_mail
from tests.factories import make_user
from tests.mail_sink import AnyPort, Sink
from tests.sessions import at_once
from vendorhub.health import check_mail


@pytest.fixture
def sink(settings):
    handler = Sink()
    controller = AnyPort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    handler.port = controller.port
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", handler.port, 5
    yield handler
    if isinstance(handler.hold, threading.Event):
        handler.hold.set()
    controller.stop()


def queue(user=None, **fields):
    user = user or make_user("rater", name="Rafael")
    return queue_mail(
        user, **{"subject": "2026 Q4: your scores", "text": "Hello\n", "kind": "nudge", **fields}
    )


def again(mail):
    mail.refresh_from_db()
    return mail


def test_what_is_queued_leaves_once_with_its_own_message_id(db, sink):
    mail = queue(subject="Grüße\nan alle", text="Schöne Grüße …\n")
    assert send_due_mail() == 1
    assert send_due_mail() == 0
    assert again(mail).state == "sent"
    assert mail.sent_at
    (received,) = sink.mails
    assert received["Subject"] == "Grüße an alle"
    assert received["To"] == mail.to
    assert received["Message-ID"] == f"<{mail.message_id}@vendorhub>"
    text = received.get_body(("plain",)).get_content()
    assert text.splitlines()[0] == "Schöne Grüße …"
    assert "Schöne Grüße …" in received.get_body(("html",)).get_content()


def test_a_key_is_queued_only_once_and_nobody_without_an_account_is_written_to(db):
    person = make_user("rater")
    assert queue(person, key="nudge:1").key == "nudge:1"
    assert queue(person, key="nudge:1") is None
    assert queue(make_user("rater", email=None)) is None
    assert queue(make_user("rater", is_active=False)) is None
    assert queue_mail(None, subject="s", text="t", kind="k") is None
    assert OutgoingMail.objects.count() == 1


def test_mail_of_a_change_that_failed_never_existed(db):
    with transaction.atomic():
        queue()
        transaction.set_rollback(True)
    assert not OutgoingMail.objects.exists()


def test_without_a_mail_server_mail_waits(db, settings, client, administrator):
    settings.EMAIL_HOST = ""
    mail = queue()
    assert send_due_mail() == 0
    assert (again(mail).state, mail.attempts) == ("queued", 0)
    with pytest.raises(CommandError, match="No mail server is set"):
        call_command("send_mail")
    client.force_login(administrator)
    text = client.get(reverse("mail_list")).content.decode()
    assert "No mail server is set: mail waits here" in text
    assert "1 mail waits to be sent" in text


def test_a_refusal_for_now_is_tried_again_with_growing_pauses_and_then_given_to_a_person(db, sink):
    sink.answers["RCPT"] = "450 Mailbox busy"
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        mail = queue()
        for attempt, pause in enumerate(PAUSES, start=1):
            assert send_due_mail() == 0
            assert (again(mail).state, mail.attempts) == ("queued", attempt)
            assert mail.next_attempt_at == timezone.now() + pause
            assert "450 Mailbox busy" in mail.error
            clock.shift(pause - timedelta(seconds=1))
            send_due_mail()
            assert again(mail).attempts == attempt, "too early"
            clock.shift(timedelta(seconds=1))
        send_due_mail()
        assert (again(mail).state, mail.attempts) == ("failed", 6)
    assert [pause.seconds // 60 for pause in PAUSES] == [1, 5, 30, 120, 360]


def test_a_refusal_for_now_gets_through_later(db, sink):
    sink.answers["DATA"] = "451 Try again later"
    mail = queue()
    send_due_mail()
    assert (again(mail).state, len(sink.mails)) == ("queued", 0)
    sink.answers.clear()
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert send_due_mail() == 1
    assert (again(mail).state, mail.error, mail.attempts) == ("sent", "", 2)


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_a_refusal_for_good_is_not_tried_again(db, sink, step):
    sink.answers[step] = "550 No such mailbox"
    mail = queue()
    send_due_mail()
    assert (again(mail).state, mail.attempts) == ("failed", 1)
    assert mail.error == "The mail server said: 550 No such mailbox"


def test_a_mistake_in_the_settings_does_not_give_mail_up(db, sink, settings):
    sink.answers["MAIL"] = "550 We do not relay for you"
    mail = queue()
    send_due_mail()
    assert again(mail).state == "queued"
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "vendorhub", "wrong"
    other = queue()
    send_due_mail()
    assert again(other).state == "queued"


def test_a_mail_server_that_is_away_is_tried_again(db, sink, settings):
    settings.EMAIL_PORT = 1
    mail = queue()
    send_due_mail()
    assert again(mail).state == "queued"
    assert "ConnectionRefusedError" in mail.error


def test_while_the_mail_server_is_away_everything_waits_and_no_attempt_is_lost(db, sink, settings):
    settings.EMAIL_PORT, port = 1, settings.EMAIL_PORT
    mails = [queue(), queue(must_arrive=True)]
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(10):
            assert send_due_mail() == 0
            for mail in mails:
                assert (again(mail).state, mail.attempts) == ("queued", 0)
                assert mail.next_attempt_at == timezone.now() + AWAY
                assert "ConnectionRefusedError" in mail.error
            clock.shift(timedelta(days=1))
        settings.EMAIL_PORT = port
        assert send_due_mail() == 2
        assert [(again(mail).state, mail.attempts, mail.error) for mail in mails] == [("sent", 1, "")] * 2


def test_one_refused_mail_does_not_hold_up_the_others(db, sink):
    bad = queue()
    OutgoingMail.objects.filter(pk=bad.pk).update(to="not an address at all\n@example.org")
    good = queue()
    assert send_due_mail() == 1
    assert (again(bad).state, again(good).state) == ("failed", "sent")


def test_a_connection_that_breaks_while_sending_is_left_to_a_person(db, sink):
    sink.hold = "hang up"
    mail = queue()
    send_due_mail()
    assert again(mail).state == "ambiguous"
    assert mail.error.startswith("Nobody knows whether it left.")
    sink.hold = None
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert send_due_mail() == 0, "nothing ambiguous is sent without a person"


@pytest.mark.django_db(transaction=True)
def test_several_senders_share_the_work_and_send_nothing_twice(sink):
    mails = [queue(make_user("rater")) for _ in range(24)]
    assert sum(at_once(send_due_mail, send_due_mail, send_due_mail)) == len(mails)
    assert len({m["Message-ID"] for m in sink.mails}) == len(sink.mails) == len(mails)


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_else_is_taking_is_passed_over_without_waiting(sink):
    taken, free = queue(), queue()

    def send():
        try:
            send_due_mail()
        finally:
            connection.close()

    with transaction.atomic():
        OutgoingMail.objects.select_for_update().get(pk=taken.pk)
        thread = threading.Thread(target=send)
        thread.start()
        thread.join(5)
        assert not thread.is_alive()
        assert (again(taken).state, again(free).state) == ("queued", "sent")
    assert [mail["Message-ID"] for mail in sink.mails] == [f"<{free.message_id}@vendorhub>"]


@pytest.mark.django_db(transaction=True)
def test_mail_of_a_killed_sender_is_left_to_a_person_and_mail_of_a_living_one_is_not(
    sink, client, administrator
):
    sink.hold = threading.Event()
    mail = queue()
    database = connection.settings_dict
    host = database["HOST"]
    place = (
        f"/{host}" if host.startswith("/") else f"{host}:{database['PORT'] or 5432}"
    )  # a socket's folder, or TCP
    url = f"postgres://{database['USER']}@{place}/{database['NAME']}"
    environment = os.environ | {"DATABASE_URL": url, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(sink.port)}
    sender = subprocess.Popen(
        [sys.executable, "manage.py", "send_mail"],
        cwd=site.BASE_DIR,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert sink.reached.wait(30)
        assert settle_cut_off_mail() == 0
        assert again(mail).state == "sending"
    finally:
        sender.kill()
        sender.wait()
    deadline = time.monotonic() + 10
    while not settle_cut_off_mail():  # the server notices within moments that the session is gone
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert again(mail).state == "ambiguous"
    sink.hold.set()
    client.force_login(administrator)
    page = client.get(reverse("mail_list")).content.decode()
    assert "1 mail needs a decision" in page
    assert "Nobody knows whether it left. The sender was cut off." in page
    client.post(reverse("mail_retry", args=[mail.pk]))
    sink.mails.clear()
    send_queued_mail()
    assert again(mail).state == "sent"
    assert sink.mails[0]["Message-ID"] == f"<{mail.message_id}@vendorhub>"


def test_the_command_goes_on_until_nothing_is_due(db, sink, capsys):
    for _ in range(3):
        queue()
    call_command("send_mail", "--drain")
    assert capsys.readouterr().out == "3 sent, 0 waiting, 0 failed, 0 ambiguous\n"
    assert len(sink.mails) == 3
    OutgoingMail.objects.filter(pk=queue().pk).update(state="failed")
    call_command("send_mail", "--drain", "--json")
    last = capsys.readouterr().out.strip().split("\n")[-1]
    assert json.loads(last) == {"sent": 0, "waiting": 0, "failed": 1, "ambiguous": 0}


def test_the_command_waits_for_pauses_when_told_to(db, sink, capsys):
    pause = timezone.now() + timedelta(seconds=2)
    OutgoingMail.objects.filter(pk=queue().pk).update(next_attempt_at=pause)
    call_command("send_mail", "--drain")
    assert capsys.readouterr().out == "0 sent, 1 waiting, 0 failed, 0 ambiguous\n"
    call_command("send_mail", "--drain", "--wait")
    assert capsys.readouterr().out == "1 sent, 0 waiting, 0 failed, 0 ambiguous\n"
    assert timezone.now() > pause


def test_only_failed_and_ambiguous_mail_is_sent_again(client, administrator):
    client.force_login(administrator)
    person = make_user("rater")
    for state, after in [
        ("failed", "queued"),
        ("ambiguous", "queued"),
        ("sent", "sent"),
        ("sending", "sending"),
    ]:
        mail = queue(person)
        OutgoingMail.objects.filter(pk=mail.pk).update(state=state, attempts=6, error="x")
        client.post(reverse("mail_retry", args=[mail.pk]))
        assert again(mail).state == after
    assert OutgoingMail.objects.filter(state="queued", attempts=0, error="").count() == 2


def test_mail_is_found_by_state_and_recipient(client, administrator):
    client.force_login(administrator)
    queue(make_user("rater", email="one@example.org"), subject="First")
    second = queue(make_user("rater", email="two@example.org"), subject="Second")
    OutgoingMail.objects.filter(pk=second.pk).update(
        state="failed", error="The mail server said: 550 <b>no</b>"
    )

    def shown(query):
        text = client.get(reverse("mail_list") + query).content.decode()
        return [subject for subject in ("First", "Second") if f"<b>{subject}</b>" in text]

    assert shown("") == ["First", "Second"]
    assert shown("?state=failed") == ["Second"]
    assert shown("?state=late") == []
    before = timezone.now() - LATE
    OutgoingMail.objects.filter(subject="First").update(must_arrive=True, created_at=before)
    assert shown("?state=late") == ["First"]
    assert shown("?find=ONE@") == ["First"]
    assert shown("?find=nothing") == []
    assert shown("?state=nonsense&page=99999999999999999999") == ["First", "Second"]
    assert "&lt;b&gt;no" in client.get(reverse("mail_list")).content.decode()


# --- what must arrive ----------------------------------------------------------------------------------------
def test_what_must_arrive_is_sent_again_as_a_repeat_when_the_line_drops_after_data(db, sink):
    sink.hold = "hang up"
    must, may = queue(must_arrive=True), queue(kind="account")
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        assert send_due_mail() == 0
        assert (again(must).state, must.repeats, must.next_attempt_at) == ("queued", 1, now + PAUSES[0])
        assert again(may).state == "ambiguous"
        sink.hold = None
        clock.shift(PAUSES[0])
        assert send_due_mail() == 1
    (received,) = sink.mails
    assert received["Message-ID"] == f"<{must.message_id}@vendorhub>"
    assert received["X-VendorHub-Repeat"] == "1"
    assert "You may have got this mail before" in received.get_body(("plain",)).get_content()
    assert again(may).state == "ambiguous"


def test_a_mail_whose_senders_keep_dying_is_given_to_a_person_in_the_end(db):
    mail = queue(must_arrive=True)
    for repeats, state in ((0, "queued"), (9, "queued"), (10, "ambiguous")):
        OutgoingMail.objects.filter(pk=mail.pk).update(state="sending", attempts=1, repeats=repeats)
        assert settle_cut_off_mail() == 1
        assert again(mail).state == state
        assert mail.attempts == (0 if state == "queued" else 1), "a sender's death is no refusal"


def test_a_refused_mail_that_must_arrive_is_said_on_the_site_and_to_the_probe(
    db, sink, client, administrator, settings
):
    sink.answers["RCPT"] = "550 No such mailbox"
    mail = queue(must_arrive=True)
    send_due_mail()
    assert again(mail).state == "failed"
    OutgoingMail.objects.update(created_at=timezone.now() - LATE - timedelta(seconds=1))
    client.force_login(administrator)
    for address in (reverse("home"), reverse("renewals"), reverse("mail_list")):
        assert (
            "1 mail about deadlines was due more than a quarter of an hour ago"
            in client.get(address).content.decode()
        )
    said = "1 mail about deadlines was due more than a quarter of an hour ago and has not left"
    assert check_mail() == f"{said}."
    settings.EMAIL_HOST, host = "", settings.EMAIL_HOST
    assert check_mail() == f"{said}: no mail server is set."
    settings.NO_MAIL_SERVER = True
    assert check_mail() == "ok", "none is wanted: no alarm"
    for address, calm in (
        (reverse("home"), "No mail server is configured here"),
        (reverse("mail_list"), "as for trying"),
    ):
        page = client.get(address).content.decode()
        assert calm in page
        assert "quarter of an hour" not in page
    settings.EMAIL_HOST = host
    assert check_mail() == f"{said}.", "there is one, and mail is stuck"
    sink.answers.clear()
    client.post(reverse("mail_retry_all"))
    assert send_due_mail() == 1
    assert check_mail() == "ok"
    assert "quarter of an hour" not in client.get(reverse("home")).content.decode()


def test_one_connection_carries_many_mails_and_a_lost_one_is_opened_again(db, sink):
    for _ in range(5):
        queue()
    assert send_due_mail() == 5
    assert sink.connections == 1


# --- what people want ----------------------------------------------------------------------------------------
def test_a_mail_says_how_to_stop_its_kind_and_that_works_without_signing_in(db, sink, client):
    person = make_user("rater")
    queue(person, kind="nudge")
    send_due_mail()
    (received,) = sink.mails
    assert received["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = received["List-Unsubscribe"].strip(" <>")
    assert address in received.get_body(("plain",)).get_content()
    assert f'href="{address}"' in received.get_body(("html",)).get_content()
    page = client.get(address)
    assert page.status_code == 200
    assert "No more of these mails?" in page.content.decode()
    assert queue(person, kind="nudge").state == "queued", "looking stops nothing"
    for _ in range(2):
        answer = Client(enforce_csrf_checks=True).post(address, {"List-Unsubscribe": "One-Click"})
        assert "No more of these mails to" in answer.content.decode()
    person.refresh_from_db()
    assert person.unwanted_mail == ["cycles"]
    assert queue(person, kind="invitation").state == "unwanted"
    assert queue(person, kind="account").state == "queued"
    assert queue(person, kind="renewal reminder", must_arrive=True).state == "queued"
    assert client.get(address[:-3] + "xx/").status_code == 404


def test_mail_about_an_account_or_a_deadline_one_owns_cannot_be_stopped(db, sink):
    queue(kind="account")
    queue(kind="renewal reminder", must_arrive=True)
    send_due_mail()
    assert [mail["List-Unsubscribe"] for mail in sink.mails] == [None, None]


def test_one_mail_a_day_holds_what_came_since_seven(db, sink, client):
    person = make_user("rater")
    client.force_login(person)
    chosen = {"wanted": ["cycles"], "daily_digest": "on"}
    assert client.post(reverse("mail_choices"), chosen).status_code == 302
    person.refresh_from_db()
    assert (person.unwanted_mail, person.daily_digest) == (["renewals", "actions"], True)
    with time_machine.travel(datetime(2026, 11, 22, 20, tzinfo=UTC), tick=False) as clock:
        queue(person, subject="First")
        queue(person, subject="Second")
        queue(person, subject="Password", kind="account")
        assert send_due_mail() == 1
        clock.move_to(datetime(2026, 11, 23, 5, 59, tzinfo=UTC))  # a minute to seven in Berlin
        assert send_due_mail() == 0
        clock.shift(timedelta(minutes=1))
        queue(person, subject="Third", kind="new due date")
        assert send_due_mail() == 1
        assert send_due_mail() == 0
    digest = sink.mails[-1]
    assert digest["Subject"] == "2 messages of 23 November"
    text = digest.get_body(("plain",)).get_content()
    assert text.index("First") < text.index("Second")
    assert "Third" not in text
    assert OutgoingMail.objects.filter(state="collected", digest=None).get().subject == "Third"


def test_no_more_digests_means_no_more_of_what_goes_into_them(db, sink, client):
    person = make_user("rater", daily_digest=True)
    with time_machine.travel(datetime(2026, 11, 22, 20, tzinfo=UTC), tick=False) as clock:
        queue(person, subject="First")
        clock.move_to(datetime(2026, 11, 23, 6, tzinfo=UTC))
        assert send_due_mail() == 1
        late = queue(person, subject="Second")
        page = client.post(sink.mails[0]["List-Unsubscribe"].strip(" <>")).content.decode()
        assert "One mail a day, and all that goes into it." in page
        clock.shift(timedelta(days=1))
        assert send_due_mail() == 0
    assert again(late).state == "unwanted"
    person.refresh_from_db()
    assert queue(person, kind="invitation").state == "unwanted"
    assert queue(person, kind="account").state == "queued"


@pytest.mark.parametrize("wanted", ["nonsense", "x" * 5000, "\0"])
def test_a_choice_there_is_not_changes_nothing_and_is_said(db, client, wanted):
    person = make_user("rater")
    client.force_login(person)
    answer = client.post(reverse("mail_choices"), {"wanted": [wanted]})
    assert answer.status_code == 400
    assert "This is none of the mails to choose from." in answer.content.decode()
    person.refresh_from_db()
    assert person.unwanted_mail == []


def test_the_html_says_what_the_text_says_and_nothing_runs_in_it():
    html = html_of(
        "Hello <b>Ann</b>,\n\nDue soon.\nReally.\n\n  Value: EUR 10 & more\n  Terms: none: at all\n\n"
        "  - One\n  - <script>x</script>\n\nThe brief: https://hub.example/contracts/1/brief/\n\nSee https://hub.example/?a=1&b=2"
    )
    assert "Hello &lt;b&gt;Ann&lt;/b&gt;," in html
    assert "Due soon.<br>Really." in html
    assert html.count("<tr>") == 2
    assert "none: at all</td>" in html
    assert "<li>One</li><li>&lt;script&gt;" in html
    assert 'href="https://hub.example/contracts/1/brief/"' in html
    assert 'href="https://hub.example/?a=1&amp;b=2"' in html
    assert 'content="light dark"' in html
    assert "src=" not in html
