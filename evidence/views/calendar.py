"""Meetings out of one's own calendar: the upload, the drafts, and what words of a title say."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.numbers import row_number
from accounts.words import counted
from evidence.calendar_forms import CalendarFileForm, DraftsForm, TitleRuleForm
from evidence.calendars.reading import REASONS
from evidence.models import Engagement, TitleRule
from evidence.services import calendar as service
from partners.models import Partner
from partners.register.safety import Refused
from partners.services.partners import delete_unchanged, save_holding
from vendorhub.roles import needs

ON_A_PAGE = 50
RESULT = "calendar_result"  # in the session: numbers of the last upload, until they are read


@needs("add_evidence")
@require_http_methods(["GET", "HEAD", "POST"])
def event_import(request: HttpRequest) -> HttpResponse:
    """Upload a calendar; what became of the last one; the drafts that wait."""
    if request.method != "POST":
        return _page(request, CalendarFileForm(), result=request.session.pop(RESULT, None))
    form = CalendarFileForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            content = form.cleaned_data["file"].read()
            request.session[RESULT] = service.import_calendar(content, by=request.user)
            return redirect("event_import")
        except Refused as refused:
            form.add_error("file", str(refused))
    return _page(request, form, status=400)


@needs("add_evidence")
@require_http_methods(["GET", "HEAD", "POST"])
def event_drafts(request: HttpRequest) -> HttpResponse:
    """Keep what was chosen for the drafts shown; confirm or discard those that are ticked."""
    if request.method != "POST":
        return redirect("event_import")
    shown = [
        row_number(name.removeprefix("purpose-")) for name in request.POST if name.startswith("purpose-")
    ]
    drafts = _drafts(request).filter(pk__in=[pk for pk in shown if pk][: 2 * ON_A_PAGE])
    form = DraftsForm(list(drafts), request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was saved. Look at what is said beside the fields.")
        return _page(request, CalendarFileForm(), drafts_form=form, status=400)
    pks = [pk for tick in request.POST.getlist("tick") if (pk := row_number(tick))]
    if "all" in request.POST:
        pks = list(form.choices())
    if not pks and "save" not in request.POST:
        messages.error(request, "Tick the meetings first.")
        return _page(request, CalendarFileForm(), drafts_form=form, status=400)
    _do(request, form, pks)
    partner = row_number(request.POST.get("partner"))
    response = redirect("event_import")
    if partner:
        response["Location"] += f"?partner={partner}"
    return response


def _do(request: HttpRequest, form: DraftsForm, pks: list[int]) -> None:
    if "discard" in request.POST:
        service.keep_choices(request.user, form.choices())
        number = service.discard_drafts(request.user, pks)
        messages.success(request, f"{counted(number, 'meeting')} discarded; later imports leave {'it' if number == 1 else 'them'} out.")  # fmt: skip
    elif "confirm" in request.POST:
        done = service.confirm_drafts(request.user, pks, choices=form.choices())
        if done is None:
            messages.error(request, service.AT_THE_SAME_MOMENT)
            return
        said = (
            [f"{counted(done['confirmed'], 'meeting')} confirmed"]
            if done["confirmed"] or not done.total()
            else []
        )
        said += [f"{done['changed']:,} changed as the calendar says"] if done["changed"] else []
        said += [f"{done['known']:,} confirmed by somebody else before"] if done["known"] else []
        messages.success(request, f"{', '.join(said)}.")
    else:
        service.keep_choices(request.user, form.choices())
        messages.success(request, "What you chose is kept. The meetings still wait to be confirmed.")


def _drafts(request: HttpRequest) -> Any:
    return Engagement.objects.drafts_of(request.user).select_related("partner")


def _page(
    request: HttpRequest,
    form: CalendarFileForm,
    *,
    drafts_form: Any = None,
    result: Any = None,
    status: int = 200,
) -> HttpResponse:
    drafts = _drafts(request)
    waiting = drafts.count()
    asked = row_number(request.GET.get("partner"))
    partners = Partner.objects.filter(pk__in=drafts.values("partner")) if waiting else Partner.objects.none()
    if asked:
        drafts = drafts.filter(partner=asked)
    page = Paginator(drafts, ON_A_PAGE).get_page(request.GET.get("page"))
    left_out = (result or {}).get("left_out", {})
    context = {
        "form": form, "waiting": waiting, "page": page, "partners": partners, "asked": asked, "result": result,
        "drafts_form": drafts_form or DraftsForm(list(page)),
        "left_out": [(left_out[reason], words) for reason, words in REASONS.items() if reason in left_out],
    }  # fmt: skip
    return render(request, "evidence/calendar.html", context, status=status)


@needs("set_evidence")
@require_http_methods(["GET", "HEAD", "POST"])
def title_rules(request: HttpRequest) -> HttpResponse:
    """Which words of a title say what a meeting is for? A form for a new one."""
    last = TitleRule.objects.order_by("-position").values_list("position", flat=True).first()
    return _edit_rule(request, TitleRule(position=min((last or 0) + 1, 9_999)))


@needs("set_evidence")
@require_http_methods(["GET", "HEAD", "POST"])
def title_rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit_rule(request, get_object_or_404(TitleRule.objects.visible_to(request.user), pk=pk))


@needs("set_evidence")
@require_http_methods(["GET", "HEAD", "POST"])
def title_rule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a rule out that is still as it was shown; only shown, it is the rule."""
    rule = get_object_or_404(TitleRule.objects.visible_to(request.user), pk=pk)
    if request.method != "POST":
        return redirect("title_rule_edit", pk)
    delete_unchanged(rule, version=row_number(request.POST.get("version")))
    messages.success(request, f"“{rule.word}” says nothing any more. Drafts and entries stay as they are.")
    return redirect("title_rules")


def _edit_rule(request: HttpRequest, rule: TitleRule) -> HttpResponse:
    form = TitleRuleForm(request.POST or None, instance=rule)
    if request.method == "POST" and form.is_valid() and (saved := save_holding(form)):
        messages.success(request, f"“{saved.word}” is saved. It counts from the next import on.")
        return redirect("title_rules")
    context = {"form": form, "rules": TitleRule.objects.visible_to(request.user)}
    return render(
        request, "evidence/title_rules.html", context, status=400 if request.method == "POST" else 200
    )
