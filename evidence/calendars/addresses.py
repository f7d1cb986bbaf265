"""Whose address is it? By a contact's own, else by the longest of the partners' domains that it ends in."""

import re
from collections import defaultdict
from typing import Any

from partners.models import Contact, Partner

# Of everybody: that somebody writes from there says nothing about whom they work for.
_FREE_MAIL = (
    "aol.com fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com "
    "hotmail.co.uk hotmail.com hotmail.de hotmail.fr hotmail.it icloud.com laposte.net libero.it live.co.uk live.com "
    "live.de live.fr mac.com mail.com mail.ru me.com msn.com orange.fr outlook.com outlook.de outlook.fr pm.me "
    "posteo.de proton.me protonmail.com qq.com rocketmail.com t-online.de wanadoo.fr web.de yahoo.co.in yahoo.co.jp "
    "yahoo.co.uk yahoo.com yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru ymail.com zoho.com 163.com"
)
FREE_MAIL = frozenset(_FREE_MAIL.split())
_ADDRESS = re.compile(rb"[^\s:;,\"'<>=]{1,100}@[A-Za-z0-9.-]{1,253}")


class Addresses:
    """The partners a person may see, by address. Two statements, whatever the number of partners."""

    def __init__(self, user: Any) -> None:
        seen = Partner.objects.visible_to(user).active().exclude(kind="own")
        self.by_domain: dict[str, set[int]] = defaultdict(set)
        for pk, domains in seen.exclude(email_domains=[]).values_list("pk", "email_domains"):
            for domain in domains:
                if domain.lower() not in FREE_MAIL:
                    self.by_domain[domain.lower()].add(pk)
        for domains in Partner.objects.filter(kind="own").values_list("email_domains", flat=True):
            for domain in domains:  # our own people are nobody's
                self.by_domain[domain.lower()] = set()
        self.by_contact: dict[str, set[int]] = defaultdict(set)
        contacts = Contact.objects.filter(partner__in=seen).exclude(email="")
        for email, pk in contacts.values_list("email", "partner"):
            self.by_contact[email.lower()].add(pk)

    def partners_of(self, address: str) -> frozenset[int]:
        """The partners an e-mail address belongs to; more than one where they share it."""
        address = address.strip().lower()
        if address in self.by_contact:
            return frozenset(self.by_contact[address])
        domain = address.rpartition("@")[2].rstrip(".")
        while domain:
            if domain in self.by_domain:
                return frozenset(self.by_domain[domain])
            domain = domain.partition(".")[2]
        return frozenset()

    def may_belong(self, line: bytes) -> bool:
        """Whether a raw line names an address of a partner anywhere: cheap, and true more often than it is so."""
        return any(self.partners_of(found.decode(errors="replace")) for found in _ADDRESS.findall(line))
