"""Senders that are killed: `python -m tests.faults.senders SENDERS KILLS`, against the site of the environment.

Forks so many processes that empty the outbox, kills one at random with -9 every few mails and forks another in its
place; after the last kill they go on until nothing waits. Prints one JSON object: the kills.
"""

import json
import os
import random
import signal
import sys
import time


def send() -> None:
    """Empty the outbox, whatever happens to the database, until nothing is due for a while."""
    from django.db import Error, connection

    from accounts.models import OutgoingMail
    from accounts.services.mail import send_due_mail

    idle = 0
    while idle < 20:
        try:
            idle = 0 if send_due_mail(seconds=5) else idle + 1
            if OutgoingMail.objects.filter(state=OutgoingMail.SENDING).exists():
                idle = 0
        except Error:
            connection.close()
        time.sleep(0.1)


def fork() -> int:
    child = os.fork()
    if child == 0:
        try:
            send()
        finally:
            os._exit(0)
    return child


def left() -> int:
    """How many mails have left; waits where nobody knows, because the database is away."""
    from django.db import Error, connection

    from accounts.models import OutgoingMail

    while True:
        try:
            return OutgoingMail.objects.filter(state=OutgoingMail.SENT).count()
        except Error:
            time.sleep(0.05)
        finally:
            connection.close()


def main(senders: int, kills: int) -> None:
    """Between two kills some mails leave, however slow the machine: else one mail would die with every sender."""
    dice = random.Random(11)
    running, killed, seen = [fork() for _ in range(senders)], 0, 0
    while killed < kills:
        enough = seen + dice.randint(5, 15)
        while (now := left()) < enough:
            time.sleep(0.01)
        seen = now
        time.sleep(dice.uniform(0, 0.05))
        victim = dice.choice(running)
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        running[running.index(victim)] = fork()
        killed += 1
    for child in running:
        os.waitpid(child, 0)
    print(json.dumps({"kills": killed}))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendorhub.settings")
    import django

    django.setup()
    main(int(sys.argv[1]), int(sys.argv[2]))
