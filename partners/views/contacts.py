"""The people on a partner's side."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from partners.forms import ContactForm
from partners.models import Contact, Partner
from partners.services import partners as service
from partners.views.belongings import confirm_deletion, save_or_show, to_tab
from vendorhub.roles import needs


def _contact(request: HttpRequest, pk: int) -> Contact:
    contacts = Contact.objects.filter(partner__in=Partner.objects.visible_to(request.user))
    return get_object_or_404(contacts.select_related("partner"), pk=pk)


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def contact_create(request: HttpRequest, pk: int) -> HttpResponse:
    """A new contact of a partner."""
    partner = get_object_or_404(Partner.objects.visible_to(request.user), pk=pk)
    return _edit(request, Contact(partner=partner))


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A contact's facts."""
    return _edit(request, _contact(request, pk))


def _edit(request: HttpRequest, contact: Contact) -> HttpResponse:
    form = ContactForm(request.POST or None, instance=contact)
    return save_or_show(
        request, form, "partners/contact_form.html", then=lambda saved: to_tab(saved.partner, "contacts")
    )


@needs("manage_partners")
@require_POST
def contact_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Today is the last day we deal with this person."""
    contact = service.end_contact(_contact(request, pk))
    messages.success(
        request, f"{contact} is a contact until today. To undo this, take the last day out again."
    )
    return to_tab(contact.partner, "contacts")


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def contact_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete a contact."""
    contact = _contact(request, pk)
    if answer := confirm_deletion(request, contact, "contact"):
        return answer
    messages.success(request, f"{contact} is deleted. The history keeps what was here.")
    return to_tab(contact.partner, "contacts")
