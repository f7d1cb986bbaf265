"""The drawings of evidence in Chromium: labels stand clear of each other at every width, nothing sticks out, axe."""

import pytest
from django.urls import reverse

from accounts.models import User
from governance.demo.load import load_demo
from partners.models import Partner
from tests.browser.test_quarterly_loop import fits, sign_in, violations

pytestmark = [pytest.mark.long, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Pairs of labels of one drawing that cover each other, and labels that leave their drawing to the side.
UNCLEAR = """() => [...document.querySelectorAll('.finding svg')].filter(svg => svg.getBoundingClientRect().width).flatMap(svg => {
    const whole = svg.getBoundingClientRect();
    const all = [...svg.querySelectorAll('text')].map(one => [one.textContent, one.getBoundingClientRect()]);
    const out = all.filter(([, box]) => box.left < whole.left - 4 || box.right > whole.right + 4).map(([text]) => text + ' sticks out');
    const over = all.flatMap(([text, a], place) => all.slice(0, place).filter(([, b]) => a.left < b.right - 1
        && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4).map(([other]) => text + ' on ' + other));
    return [...out, ...over];
})"""


def test_labels_stand_clear_and_the_page_fits_every_width(page, context, live_server):
    load_demo()
    sign_in(context, live_server, User.objects.get(email__startswith="petra"))
    partners = Partner.objects.filter(promises__isnull=False).distinct().order_by("pk")
    seen = 0
    for partner in partners[:6]:
        for width in (1440, 1024, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(live_server.url + reverse("evidence", args=[partner.pk]))
            assert page.evaluate(UNCLEAR) == [], (partner.name, width)
            seen += page.locator(".finding svg").count()
        fits(page)
    assert seen > 100
    page.emulate_media(color_scheme="dark")
    page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
    assert violations(page) == []
