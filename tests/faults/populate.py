"""Fills a running site's database for the fault tests: `python -m tests.faults.populate RATERS CRITERIA`.

Prints one JSON object: the open assessments with their rater's session, and the criteria.
"""

import json
import os
import sys


def populate(raters: int, criteria: int) -> dict:
    """One open cycle on five partners, each rated by every rater, who is asked by mail."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from accounts.services.mail import queue_mail
    from scorecards.models import Criterion
    from tests.factories import (
        make_assessment,
        make_cycle,
        make_partner,
        make_scorecard,
        make_template,
        make_user,
    )

    template = make_template(
        {("All of it", 100): [(f"Criterion {n}", "4.0000" if criteria == 25 else 1) for n in range(criteria)]}
    )
    cycle = make_cycle(template)
    scorecards = [make_scorecard(make_partner(), template, cycle) for _ in range(5)]
    assessments = []
    for _ in range(raters):
        user = make_user("rater", all_units=True)
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        for scorecard in scorecards:
            assessment = make_assessment(scorecard, user)
            queue_mail(user, subject=f"Please score {scorecard}", text="Please.", kind="invitation")
            assessments.append({"pk": assessment.pk, "session": session.session_key})
    return {
        "assessments": assessments,
        "criteria": list(Criterion.objects.filter(category__template=template).values_list("pk", flat=True)),
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendorhub.settings")
    import django

    django.setup()
    print(json.dumps(populate(int(sys.argv[1]), int(sys.argv[2]))))
