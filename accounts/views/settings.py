"""Settings: people, business units, outgoing mail."""

from django.conf import settings as site
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, F, ProtectedError, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import PersonForm, UnitForm
from accounts.models import BusinessUnit, User
from accounts.services.people import delete_unit, invite_person, save_person, save_unit
from vendorhub.roles import ROLES, needs

SORTS = {"name": ["name"], "role": ["role", "name"], "seen": [F("last_login").asc(nulls_first=True), "name"]}
SORTS |= {
    "-name": ["-name"],
    "-role": ["-role", "name"],
    "-seen": [F("last_login").desc(nulls_last=True), "name"],
}


@needs("manage_users")
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Who may do what?"""
    find, role, sort = (
        request.GET.get("find", "").strip()[:200],
        request.GET.get("role"),
        request.GET.get("sort", ""),
    )
    everybody = User.objects.visible_to(request.user)
    found = everybody.prefetch_related("units").filter(Q(name__icontains=find) | Q(email__icontains=find))
    if role in dict(ROLES):
        found = found.filter(role=role)
    page = Paginator(found.order_by("-is_active", *SORTS.get(sort, SORTS["name"]), "pk"), 50)
    able = everybody.able_to_sign_in()
    context = {
        "page": page.get_page(request.GET.get("page")), "find": find, "role": role, "roles": ROLES, "sort": sort,
        "able": able.with_password().count(), "invited": able.count() - able.with_password().count(),
    }  # fmt: skip
    return render(request, "accounts/people.html", context)


@needs("manage_users")
@require_http_methods(["GET", "HEAD", "POST"])
def person_create(request: HttpRequest) -> HttpResponse:
    """A new person: saved and invited."""
    return _edit_person(request, User())


@needs("manage_users")
@require_http_methods(["GET", "HEAD", "POST"])
def person_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit_person(request, get_object_or_404(User.objects.visible_to(request.user), pk=pk))


def _edit_person(request: HttpRequest, person: User) -> HttpResponse:
    had_address = bool(person.email)
    form = PersonForm(request.POST or None, instance=person, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            person = save_person(form)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if person.email and not had_address:
                return _invite(request, person, f"{person} has an account.")
            messages.success(request, f"{person} is saved.")
            return redirect("people")
    # The link of an invitation is shown once, to whoever made it.
    link = request.session.pop("invitation", {}).get(str(person.pk))
    status = 400 if request.method == "POST" else 200
    # What was typed is in the form; the heading speaks of the person as they are saved.
    saved = User.objects.filter(pk=person.pk).first()
    return render(
        request, "accounts/person_form.html", {"form": form, "person": saved, "link": link}, status=status
    )


@needs("manage_users")
@require_POST
def person_invite(request: HttpRequest, pk: int) -> HttpResponse:
    """A fresh link to set a password, for an invitation that ran out or a password that is lost."""
    people = User.objects.visible_to(request.user).able_to_sign_in()
    return _invite(request, get_object_or_404(people, pk=pk), "A new link is made.")


def _invite(request: HttpRequest, person: User, what_happened: str) -> HttpResponse:
    request.session["invitation"] = {str(person.pk): invite_person(person)}
    waits = "waits for a mail server" if not site.EMAIL_HOST else "is on its way"
    messages.success(request, f"{what_happened} The mail to {person.email} {waits}.")
    return redirect("person_edit", person.pk)


@needs("manage_users")
@require_http_methods(["GET", "HEAD", "POST"])
def units(request: HttpRequest) -> HttpResponse:
    """Business units: a list, and a form for a new one."""
    form = UnitForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (unit := save_unit(form)):
        messages.success(request, f"{unit} is a business unit now.")
        return redirect("units")
    return _units_page(request, form)


def _units_page(request: HttpRequest, form: UnitForm, renamed: UnitForm | None = None) -> HttpResponse:
    """The list with a form in each row; `renamed` is the row whose new name was refused."""
    seen = BusinessUnit.objects.visible_to(request.user).annotate(people=Count("members"))
    rows = [(unit, renamed if renamed and renamed.instance.pk == unit.pk else None) for unit in seen]
    status = 400 if request.method == "POST" else 200
    return render(request, "accounts/units.html", {"form": form, "rows": rows}, status=status)


@needs("manage_users")
@require_POST
def unit_rename(request: HttpRequest, pk: int) -> HttpResponse:
    unit = get_object_or_404(BusinessUnit.objects.visible_to(request.user), pk=pk)
    form = UnitForm(request.POST, instance=unit)
    if form.is_valid() and (saved := save_unit(form)):
        messages.success(request, f"It is called {saved} now.")
        return redirect("units")
    return _units_page(request, UnitForm(), form)


@needs("manage_users")
@require_POST
def unit_delete(request: HttpRequest, pk: int) -> HttpResponse:
    unit = get_object_or_404(BusinessUnit.objects.visible_to(request.user), pk=pk)
    try:
        delete_unit(unit)
        messages.success(request, f"{unit} is deleted.")
    except ValidationError as error:
        messages.error(request, error.message)
    except ProtectedError:
        messages.error(request, f"{unit} still has partners, contracts or imports. Move them first.")
    return redirect("units")
