"""Settings: people, business units, outgoing mail."""

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings as site
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import ProtectedError, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import PersonForm, UnitForm
from accounts.models import BusinessUnit, OutgoingMail, User
from accounts.services.mail import queue_mail, retry_mail
from vendorhub.roles import needs


@needs("manage_users")
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Who may do what?"""
    find = request.GET.get("find", "").replace("\x00", "").strip()[:200]
    found = User.objects.visible_to(request.user).prefetch_related("units")
    if find:
        found = found.filter(Q(name__icontains=find) | Q(email__icontains=find))
    page = Paginator(found.order_by("-is_active", "name", "pk"), 50).get_page(request.GET.get("page"))
    able = User.objects.visible_to(request.user).able_to_sign_in().count()
    return render(request, "accounts/people.html", {"page": page, "find": find, "able": able})


def _set_password_link(user: User) -> str:
    """An address at which the person sets a password; it works until it is used."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    uid, _, token = key.partition("-")
    return site.SITE_URL + reverse("account_reset_password_from_key", args=[uid, token])


@needs("manage_users")
@require_http_methods(["GET", "HEAD", "POST"])
def person_create(request: HttpRequest) -> HttpResponse:
    return _edit_person(request, User())


@needs("manage_users")
@require_http_methods(["GET", "HEAD", "POST"])
def person_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit_person(request, get_object_or_404(User.objects.visible_to(request.user), pk=pk))


@transaction.atomic
def _edit_person(request: HttpRequest, person: User) -> HttpResponse:
    is_new = person.pk is None
    form = PersonForm(request.POST or None, instance=person, user=request.user)
    if request.method == "POST" and form.is_valid():
        if is_new:
            form.instance.set_unusable_password()
        person = form.save()
        if is_new:
            _invite(request, person)
        else:
            messages.success(request, f"{person} is saved.")
        return redirect("people")
    status = 400 if request.method == "POST" else 200
    return render(request, "accounts/person_form.html", {"form": form, "person": person}, status=status)


def _invite(request: HttpRequest, person: User) -> None:
    link = _set_password_link(person)
    text = (
        f"Hello {person.name},\n\nyou have an account for VendorHub now. Set your password here:\n\n{link}\n\n"
        "The link works once.\n"
    )
    queue_mail(person, subject="Your VendorHub account", text=text, kind="account")
    messages.success(
        request, f"{person} has an account. An invitation is on its way; the link in it is {link}"
    )


@needs("manage_users")
@require_http_methods(["GET", "HEAD", "POST"])
def units(request: HttpRequest) -> HttpResponse:
    """Business units: a list, and a form for a new one."""
    form = UnitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        messages.success(request, f"{form.save()} is a business unit now.")
        return redirect("units")
    context = {"form": form, "units": BusinessUnit.objects.visible_to(request.user)}
    return render(request, "accounts/units.html", context, status=400 if request.method == "POST" else 200)


@needs("manage_users")
@require_POST
def unit_rename(request: HttpRequest, pk: int) -> HttpResponse:
    unit = get_object_or_404(BusinessUnit.objects.visible_to(request.user), pk=pk)
    form = UnitForm(request.POST, instance=unit)
    if form.is_valid():
        messages.success(request, f"It is called {form.save()} now.")
    else:
        messages.error(request, " ".join(form.errors.get("name", [])))
    return redirect("units")


@needs("manage_users")
@require_POST
def unit_delete(request: HttpRequest, pk: int) -> HttpResponse:
    unit = get_object_or_404(BusinessUnit.objects.visible_to(request.user), pk=pk)
    try:
        with transaction.atomic():
            unit.delete()
        messages.success(request, f"{unit} is deleted.")
    except ProtectedError:
        messages.error(request, f"{unit} still has partners or contracts. Move them first.")
    return redirect("units")


@needs("see_mail")
@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """Every mail, and what needs attention."""
    state = request.GET.get("state", "")
    found: Any = OutgoingMail.objects.all()
    if state in dict(OutgoingMail.STATES):
        found = found.filter(state=state)
    attention = OutgoingMail.objects.filter(state__in=(OutgoingMail.FAILED, OutgoingMail.AMBIGUOUS)).count()
    waiting = OutgoingMail.objects.filter(state=OutgoingMail.QUEUED).count()
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    context = {
        "page": page, "state": state, "states": OutgoingMail.STATES, "attention": attention, "waiting": waiting,
        "has_server": bool(site.EMAIL_HOST),
    }  # fmt: skip
    return render(request, "accounts/mail_list.html", context)


@needs("see_mail")
@require_POST
def mail_retry(request: HttpRequest, pk: int) -> HttpResponse:
    mail = get_object_or_404(OutgoingMail, pk=pk)
    done = retry_mail(mail)
    messages.success(
        request, f"“{mail.subject}” is queued again." if done else "It was sent or queued meanwhile."
    )
    return redirect("mail_list")
