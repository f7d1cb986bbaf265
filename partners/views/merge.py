"""Merging two partners that are one: choose the other, see what moves, confirm."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.numbers import row_number
from partners.listing import lines
from partners.models import Partner
from partners.search import search_partners
from partners.services.merge import merge_partners, preview
from vendorhub.roles import needs

CHOICES = 12


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def partner_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the partner this one becomes part of; `into` in the address or the form names it."""
    visible = Partner.objects.visible_to(request.user).select_related("unit")
    loser = get_object_or_404(visible, pk=pk)
    into = row_number((request.POST or request.GET).get("into"))
    if into is None:
        find = request.GET.get("find", loser.name)
        found = search_partners(visible.active().exclude(pk=pk), find)[:CHOICES]
        context = {"loser": loser, "find": find, "lines": lines(request.user, found)}
        return render(request, "partners/partner_merge.html", context)
    winner = get_object_or_404(visible, pk=into)
    if request.method == "POST":
        versions = (row_number(request.POST.get("version")), row_number(request.POST.get("into_version")))
        try:
            merge_partners(loser, winner, by=request.user, versions=versions)
        except ValidationError as error:
            return _confirm(request, loser, winner, error.messages)
        messages.success(request, f"{loser} is now part of {winner}. Its name is kept as another spelling.")
        return redirect(winner)
    return _confirm(request, loser, winner, [])


def _confirm(request: HttpRequest, loser: Partner, winner: Partner, refused: list[str]) -> HttpResponse:
    seen = preview(loser, winner, by=request.user)
    seen.obstacles = refused or seen.obstacles
    context = {"loser": loser, "winner": winner, "preview": seen}
    return render(request, "partners/partner_merge_confirm.html", context, status=400 if refused else 200)
