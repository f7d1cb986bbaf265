"""The site's addresses, and some that fail, for tests of what people see then."""

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.models import BusinessUnit
from vendorhub.urls import handler400, handler403, handler404, handler500  # noqa: F401
from vendorhub.urls import urlpatterns as ours


def fail(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of ours: /secret/path")


def store(request: HttpRequest) -> HttpResponse:
    BusinessUnit.objects.create(name=request.POST["name"])
    return HttpResponse("stored")


def suspect(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("odd")


urlpatterns = [*ours, path("fail/", fail), path("store/", store), path("suspect/", suspect)]
