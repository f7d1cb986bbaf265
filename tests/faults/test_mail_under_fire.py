"""Reminders arrive while senders, the mail server and PostgreSQL fail: none is lost, a repeat says that it is one."""

import json
import random
import subprocess
import sys
import time
from collections import defaultdict

import pytest

from tests.faults.site import ROOT, RunningSite
from tests.mail_sink import AnyPort, Sink

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]
MAILS, KILLS, CRASHES = 2_000, 100, 4
QUEUE = f"""
INSERT INTO accounts_outgoingmail ("to", subject, text, kind, must_arrive, state, message_id, attempts, repeats, error, created_at)
SELECT 'owner' || n || '@example.org', 'Reminder ' || n, 'Decide.', 'renewal reminder', true, 'queued', gen_random_uuid(),
       0, 0, '', now() FROM generate_series(1, {MAILS}) n
"""
LEFT = "SELECT count(*) FROM accounts_outgoingmail WHERE state IN ('queued', 'sending')"


class FailingSink(Sink):
    """Takes mail and fails now and then: refuses for now, refuses for good, hangs up after DATA."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share, self.dice, self.troubles = share, random.Random(5), 0

    async def handle_DATA(self, server, session, envelope):
        self.hold, self.answers = None, {}
        if self.dice.random() < self.share:
            self.troubles += 1
            trouble = self.dice.choice(["451 Later", "550 No", "hang up"])
            if trouble == "hang up":  # it was taken all the same
                await super().handle_DATA(server, session, envelope)
                self.hold = trouble
            else:
                self.answers = {"DATA": trouble}
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def sink():
    handler = FailingSink(0.01)
    controller = AnyPort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


def crash_postgresql(site: RunningSite) -> None:
    next(process for process in site.processes("postgres") if "-D" in process.cmdline()).kill()


def asked(site: RunningSite, sql: str):
    """The first value of a query, once the database answers."""
    for _ in range(100):
        try:
            return site.query(sql)[0][0]
        except Exception:  # it is being started again
            time.sleep(0.1)
    raise AssertionError("PostgreSQL does not come back")


def test_no_reminder_is_lost_and_repeats_say_so(data_dir, sink, capsys):
    site = RunningSite(data_dir, EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(sink.port))
    try:
        site.wait_until_ready()
        site.query(QUEUE + " RETURNING id")
        senders = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.senders", "3", str(KILLS)],
            cwd=ROOT, env=site.environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        for crash in range(CRASHES):
            while len(sink.mails) < (crash + 1) * MAILS * 0.15:
                assert senders.poll() is None
                time.sleep(0.05)
            crash_postgresql(site)
        said, _ = senders.communicate(timeout=120)
        refused = asked(
            site, "SELECT count(*) FROM accounts_outgoingmail WHERE state IN ('failed', 'ambiguous')"
        )
        sink.share = 0
        # The pauses pass, and somebody sends what was refused for good again.
        site.query(
            "UPDATE accounts_outgoingmail SET state = 'queued', next_attempt_at = NULL, attempts = 0 "
            "WHERE state IN ('queued', 'failed') RETURNING id"
        )
        deadline = time.monotonic() + 60
        while asked(site, LEFT):
            assert time.monotonic() < deadline, "mail does not leave"
            time.sleep(0.2)
        rows = site.query("SELECT message_id::text, state FROM accounts_outgoingmail")
    finally:
        site.stop()
    arrivals = defaultdict(list)
    for mail in list(sink.mails):
        arrivals[mail["Message-ID"]].append(mail["X-VendorHub-Repeat"] is not None)
    repeated = {key: flags for key, flags in arrivals.items() if len(flags) > 1}
    with capsys.disabled():
        print(
            f"\n{MAILS} reminders, {json.loads(said)['kills']} senders killed, PostgreSQL {CRASHES} times, "
            f"{sink.troubles} refused or cut off ({refused} for a person): "
            f"{MAILS - len(arrivals)} lost, {sum(map(len, repeated.values())) - len(repeated)} repeats"
        )
    assert {state for _, state in rows} == {"sent"}
    assert set(arrivals) == {f"<{key}@vendorhub>" for key, _ in rows}
    assert [key for key, flags in repeated.items() if flags.count(False) > 1] == [], "an unmarked repeat"
    assert sink.troubles > 5
    assert repeated, "nothing was sent again, so nothing was tested"


def test_what_a_dead_sender_had_in_hand_is_sent_within_five_seconds(data_dir, sink, capsys):
    sink.share, sink.hold = 0, None
    site = RunningSite(data_dir, EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(sink.port))
    try:
        site.wait_until_ready()
        # As a sender leaves it that is killed between hand-over and commit: in hand, and its session gone.
        site.query(QUEUE.replace("'queued'", "'sending'").replace(str(MAILS), "1") + " RETURNING id")
        began = time.monotonic()
        while not sink.mails:
            assert time.monotonic() - began < 10
            time.sleep(0.02)
        took = time.monotonic() - began
    finally:
        site.stop()
    with capsys.disabled():
        print(f"\nA dead sender's mail was sent again after {took:.1f} s")
    assert took <= 5
    assert sink.mails[0]["X-VendorHub-Repeat"] == "1"
