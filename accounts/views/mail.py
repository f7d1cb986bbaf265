"""The outbox as people see it, what each of them wants to get, and the way out without signing in."""

from typing import Any

from django import forms
from django.conf import settings as site
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.mail_choices import CHOICES, GROUPS, read_token, stop
from accounts.models import OutgoingMail, User
from accounts.services.mail import is_without_server, late_in_words, late_mail, retry_mail
from accounts.words import counted
from vendorhub.roles import needs

# In the filter, both with the oldest first: what a person has to decide about, and what must arrive and is not out.
ATTENTION, LATE = "attention", "late"


@needs("see_mail")
@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """Every mail, and what needs attention."""
    state, kind = request.GET.get("state", ""), request.GET.get("kind", "")[:40]
    find = request.GET.get("find", "").strip()[:200].replace("\0", "")
    found: Any = OutgoingMail.objects.filter(Q(to__icontains=find) | Q(subject__icontains=find))
    if state == ATTENTION:
        found = found.filter(state__in=OutgoingMail.ATTENTION).order_by("pk")
    elif state == LATE:
        found = (found & late_mail()).order_by("pk")
    elif state in dict(OutgoingMail.STATES):
        found = found.filter(state=state)
    kinds = list(OutgoingMail.objects.order_by("kind").values_list("kind", flat=True).distinct())
    if kind in kinds:
        found = found.filter(kind=kind)
    counts = dict(OutgoingMail.objects.order_by().values_list("state").annotate(Count("pk")))
    context = {
        "page": Paginator(found, 50).get_page(request.GET.get("page")), "find": find, "state": state, "kind": kind,
        "states": [(ATTENTION, "Needs attention"), (LATE, "Late"), *OutgoingMail.STATES], "kinds": kinds,
        "waiting": counts.get(OutgoingMail.QUEUED, 0), "attention": sum(counts.get(s, 0) for s in OutgoingMail.ATTENTION),
        "sent": counts.get(OutgoingMail.SENT, 0), "late": late_in_words(), "has_server": bool(site.EMAIL_HOST),
        "may_wait": is_without_server(),
    }  # fmt: skip
    return render(request, "accounts/mail_list.html", context)


@needs("see_mail")
@require_POST
def mail_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a failed or ambiguous mail again."""
    mail = get_object_or_404(OutgoingMail, pk=pk)
    if retry_mail(OutgoingMail.objects.filter(pk=pk)):
        messages.success(request, f"“{mail.subject}” to {mail.to} is queued again.")
    else:
        messages.error(request, f"“{mail.subject}” to {mail.to} was sent or queued meanwhile.")
    return redirect("mail_list")


@needs("see_mail")
@require_POST
def mail_retry_all(request: HttpRequest) -> HttpResponse:
    """Send every failed or ambiguous mail again."""
    number = retry_mail(OutgoingMail.objects.all())
    messages.success(request, f"{counted(number, 'mail')} queued again.")
    return redirect("mail_list")


class MailChoicesForm(forms.Form):
    """What a person wants to get."""

    wanted = forms.MultipleChoiceField(
        choices=CHOICES, required=False, widget=forms.CheckboxSelectMultiple, label="Send me",
        error_messages={"invalid_choice": "This is none of the mails to choose from."},
    )  # fmt: skip
    daily_digest = forms.BooleanField(
        required=False, label="These together in one mail a day",
        help_text="At seven in the morning. Deadlines you own and mail about your account always come at once.",
    )  # fmt: skip


@needs("use")
@require_http_methods(["GET", "HEAD", "POST"])
def mail_choices(request: HttpRequest) -> HttpResponse:
    """Which mails I get, and whether one by one."""
    me: Any = request.user
    wanted = [group for group, _ in CHOICES if group not in me.unwanted_mail]
    form = MailChoicesForm(request.POST or None, initial={"wanted": wanted, "daily_digest": me.daily_digest})
    if request.method == "POST" and form.is_valid():
        unwanted = [group for group, _ in CHOICES if group not in form.cleaned_data["wanted"]]
        User.objects.filter(pk=me.pk).update(
            unwanted_mail=unwanted, daily_digest=form.cleaned_data["daily_digest"]
        )
        messages.success(request, "Your mail is as you chose.")
        return redirect("mail_choices")
    status = 400 if form.errors else 200
    return render(request, "accounts/mail_choices.html", {"form": form}, status=status)


@login_not_required
@csrf_exempt  # the address itself is the proof, and mail programs post to it (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
def mail_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask, then send no more mail of this sort. Without signing in, and as often as one likes."""
    found = read_token(token)
    if found is None:
        raise Http404
    user, group = found
    if request.method == "POST":
        stop(user, group)
    context = {"name": GROUPS[group][0], "to": user.email, "done": request.method == "POST"}
    return render(request, "accounts/mail_stop.html", context)
