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
        return in_use(template.pk, template.version)
    prefetch_related_objects([template], *PARTS)
    return template


@lru_cache(KEPT)
def in_use(pk: int, version: int) -> Template:
    """A version that is not a draft, read once; `cache_clear` is for a process that changes its database."""
    return Template.objects.prefetch_related(*PARTS).get(pk=pk)
