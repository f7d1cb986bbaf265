"""Templates with everything in them. A version in use never changes, so this process reads it only once."""

from functools import lru_cache

from django.db.models import prefetch_related_objects

from scorecards.models import Template

PARTS = ("categories__criteria", "bands")
KEPT = 200  # versions; the least recently used goes first


def whole(template: Template) -> Template:
    """The template with its categories, criteria and bands at hand. A draft, which may still change, is read anew.

    Others share what is returned: whoever gets it must not change it.
    """
    if template.state != Template.DRAFT:
        return _kept(template.pk, template.version)
    prefetch_related_objects([template], *PARTS)
    return template


@lru_cache(KEPT)
def _kept(pk: int, version: int) -> Template:
    return Template.objects.prefetch_related(*PARTS).get(pk=pk)
