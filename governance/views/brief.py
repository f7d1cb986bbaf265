"""The decision brief: renew, renegotiate, replace or leave?"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from governance.brief import brief_of
from partners.models import Contract
from vendorhub.roles import may, needs


@needs("see_renewals")
def brief(request: HttpRequest, pk: int) -> HttpResponse:
    """One page about one contract's renewal."""
    contracts = Contract.objects.visible_to(request.user).with_yearly()
    contract = get_object_or_404(contracts.select_related("partner", "owner", "unit"), pk=pk)
    context = {
        "contract": contract, "brief": brief_of(contract, request.user), "decides": may(request.user, "decide"),
    }  # fmt: skip
    return render(request, "governance/brief.html", context)
