"""A worker as a process of its own: `python -m bench.packer` makes the pack that waits
on the database that DATABASE_URL names, and prints its pages, CPU seconds, and most megabytes of worker and press.
"""

import json
import resource


def main() -> None:
    """Be that worker."""
    import django

    django.setup()
    from governance.models import Pack
    from governance.services.packs import make_waiting_packs

    make_waiting_packs()
    own, presses = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(one.ru_utime + one.ru_stime for one in (own, presses))
    memory = {"worker": own.ru_maxrss / 1024, "press": presses.ru_maxrss / 1024}
    print(json.dumps({"pages": Pack.objects.get().pages, "cpu": cpu, **memory}))


if __name__ == "__main__":
    main()
