"""A real mail server for tests, in a thread of this process."""

import asyncio
import email
import threading
from email.policy import default as modern

from aiosmtpd.controller import Controller


class Sink:
    """Takes mail; `answers` says what to reply to the next ones, by step, and `hold` keeps a message waiting."""

    def __init__(self):
        self.mails, self.answers, self.hold, self.reached = [], {}, None, threading.Event()
        self.connections = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):
        if reply := self.answers.get("RCPT"):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.reached.set()
        if self.hold == "hang up":
            session.peer_hung_up = True
            server.transport.close()
            return "250 OK"
        if self.hold is not None:
            while not self.hold.is_set():
                await asyncio.sleep(0.02)
        if reply := self.answers.get("DATA"):
            return reply
        self.mails.append(email.message_from_bytes(envelope.content, policy=modern))
        return "250 OK"


class AnyPort(Controller):
    """A mail server on a port of the system's choice."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
