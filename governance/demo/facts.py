"""What happened between us and the demo's partners, in words. Every event is invented."""

# Of a partner, how things stand: contacts a month outside decision seasons and times as many inside, days to an
# answer, share of requests left alone, incidents a year, share owned. Whoever is not named is ordinary.
ORDINARY = (1.0, 1.3, 4, 0.12, 3, 0.75)
CHARACTERS = {
    "Northgate Cloud": (0.35, 9.0, 9, 0.5, 7, 0.35),
    "Halden Software": (1.3, 1.5, 5, 0.15, 4, 0.7),
    "Tessera Data": (0.8, 2.5, 8, 0.3, 5, 0.5),
    "Quillon Security": (0.5, 4.0, 7, 0.3, 8, 0.4),
    "Oriel Telecom": (1.6, 1.0, 2, 0.0, 2, 1.0),
    "Arbour Identity": (1.4, 1.0, 2, 0.05, 2, 0.9),
    "Fennick Storage": (1.1, 1.1, 3, 0.05, 2, 0.9),
    "Wickham Payments": (1.2, 1.2, 2, 0.05, 3, 0.9),
    "Thornbury Licences": (0.1, 14.0, 12, 0.4, 1, 0.5),
    "Juniper Row Displays": (0.4, 2.0, 9, 0.35, 3, 0.5),
    "Brightwater Integration": (2.2, 1.1, 2, 0.03, 4, 0.95),
    "Pell and Marsh": (0.6, 2.0, 7, 0.25, 4, 0.5),
}
# Of what is in season, so many times out of ten it sells; of the rest, so many.
SELLING = {"Northgate Cloud": (8, 3), "Thornbury Licences": (9, 7), "Quillon Security": (6, 3)}

SUBJECTS = {
    "serves": ["Monthly service review", "Open tickets", "Month-end preparation", "Walk through the last outage",
               "Capacity for the coming quarter", "Change window for the upgrade"],
    "sells": ["New bundle presented", "Premium tier, an offer", "Licence true-up", "Introduction to the new portfolio",
              "Renewal offer", "Breakfast talk on new services"],
    "planning": ["Plan for next year", "Joint plan for the roll-out", "Volumes for the season"],
    "roadmap": ["Roadmap update", "What comes in the next release"],
    "governance": ["Quarterly review", "Steering meeting"],
    "social": ["Lunch with the account team", "Trade fair evening"],
}  # fmt: skip
WHAT_FOR = (
    "serves",
    "serves",
    "serves",
    "governance",
    "planning",
    "roadmap",
    "social",
    "serves",
    "sells",
    "serves",
)
REQUESTS = {
    "sales": ["Figures for the business case", "Somebody to explain the price list"],
    "bid": ["A price for three years instead of one", "Volume price for the second site"],
    "demo": ["A demonstration with our own data", "A look at the new console"],
    "lab": ["Two weeks with a test system", "An engineer for the prototype"],
    "fix": ["The export that breaks on long names", "The report that is empty on the first of a month",
            "The alert that comes twice", "The sign-in that drops after an hour"],
    "information": ["The cause of the outage in writing", "Where our data is kept", "Who stands in for the service manager",
                    "The audit report of last year", "Their plan for the end of the old version"],
    "feedback": ["What they think of our release plan", "Comments on the draft service levels"],
}  # fmt: skip
OUR_REQUESTS = {  # what they asked of us
    "information": ["Our volumes for the next two quarters", "Who decides on the second site"],
    "feedback": ["A reference call", "Comments on the beta"],
    "fix": ["The firewall rule their monitoring needs"],
}
INCIDENTS = {
    "severe": ["Nothing reachable in the whole region", "Orders lost between two systems", "Month-end stopped for a night"],
    "major": ["Response times above five seconds", "Nightly job failed, run by hand", "Half the branches without a line",
              "Wrong figures on the daily report"],
    "minor": ["Certificate warning on one server", "Delivery a day late", "Help desk could not be reached for an hour"],
}  # fmt: skip
PRAISE = ["Stayed on the line until three in the morning", "Told us of the fault before we saw it",
          "Trained our new colleagues without being asked", "Took a wrong invoice back within the hour"]  # fmt: skip
# Promises: what, said how many months ago, for how many months later, then what became of it: delivered so many days
# after the first day (negative: before), or moved by so many days each time and still open, or withdrawn.
PROMISES = {
    "Northgate Cloud": [
        ("Second availability zone in the north", 30, 8, "delivered", (-12,), 3, True),
        ("Cost reports by department", 26, 6, "delivered", (0,), 2, True),
        ("Backups that we can test ourselves", 24, 7, "moved", (90, 120, 150), 3, True),
        ("Customer-held encryption keys", 20, 9, "delivered", (104,), 3, False),
        ("Price guarantee for storage", 17, 6, "withdrawn", (40,), 2, False),
        ("Assistant that answers tickets", 6, 10, "open", (), 1, False),
        ("Region with green power only", 4, 14, "open", (), 1, False),
        ("Billing in one currency", 3, 9, "open", (), 2, True),
    ],
    "Halden Software": [
        ("Payroll interface for two countries", 28, 9, "delivered", (0,), 3, True),
        ("New ledger screens", 22, 8, "delivered", (31,), 2, False),
        ("Stock counts on a phone", 15, 9, "delivered", (-5,), 2, True),
        ("Move to the new database", 9, 8, "moved", (60,), 3, False),
        ("Forecasts from past orders", 5, 11, "open", (), 1, False),
    ],
    "Tessera Data": [
        ("Row-level access", 30, 9, "delivered", (75,), 3, True),
        ("Loading every five minutes", 22, 6, "moved", (60, 90, 120), 3, True),
        ("Connector for our ERP", 18, 6, "delivered", (0,), 3, True),
        ("Query limits by department", 12, 6, "withdrawn", (10,), 2, False),
        ("Catalogue with lineage", 8, 12, "open", (), 2, False),
    ],
    "Quillon Security": [
        ("Reports within two hours", 20, 4, "delivered", (48,), 3, True),
        ("Playbooks we can read", 16, 6, "moved", (45, 90), 2, True),
        ("Sensors for the warehouses", 13, 5, "delivered", (12,), 2, False),
        ("Hunting once a month", 7, 4, "moved", (60,), 3, False),
    ],
    "Arbour Identity": [
        ("Sign-in without passwords", 26, 9, "delivered", (-20,), 3, True),
        ("Joiners and leavers from the HR system", 18, 7, "delivered", (0,), 3, True),
        ("Consent screens in six languages", 11, 5, "delivered", (-3,), 1, False),
        ("Risk scores at sign-in", 5, 9, "open", (), 2, False),
    ],
    "Wickham Payments": [
        ("Refunds on the same day", 24, 8, "delivered", (0,), 3, True),
        ("One terminal for all shops", 17, 9, "delivered", (22,), 2, False),
        ("Split payments", 7, 10, "open", (), 1, True),
    ],
}  # fmt: skip
COMMON_PROMISES = [
    ("Status page with history", 25, 7, "delivered", (0,), 2, False),
    ("Invoices we can read by machine", 19, 6, "delivered", (14,), 2, True),
    ("Named stand-in for the service manager", 14, 3, "delivered", (-4,), 2, True),
    ("Portal in our own colours", 6, 9, "open", (), 1, False),
]
NOT_TAKEN_UP = {  # what we asked for and nobody has promised: months ago
    "Northgate Cloud": [("Credits paid without our asking", 11), ("A named engineer", 7)],
    "Tessera Data": [("Test system on the same version", 9)],
    "Fennick Storage": [("Spare disks on site", 6)],
}
# By whom, what, target, due so many days ago (negative: ahead), met how many days after that (None: not), what hangs
# on it, thousands of the currency, settled how many days after it was due (None: outstanding).
COMMITMENTS = {
    "Northgate Cloud": [
        (
            "them",
            "99.95 per cent in every month of the first half",
            "99.95 %",
            145,
            None,
            "penalty",
            42,
            None,
        ),
        ("them", "Exit plan tested together", "one test restore", 262, None, "penalty", 18, None),
        ("them", "Move to the new region without a stop", "no stop", 420, -6, "reward", 12, 20),
        ("us", "Old servers switched off", "all 140", 210, 35, "penalty", 9, 60),
        ("us", "Forecast of storage each quarter", "four a year", 30, None, "", 0, None),
        ("them", "Cost report by department", "one a month", -40, None, "reward", 6, None),
    ],
    "Halden Software": [
        ("them", "Year-end release without a severe fault", "none open", 320, 0, "reward", 25, 45),
        ("us", "Key users trained", "60 people", 180, 12, "", 0, None),
        ("them", "Answer times at month end", "two hours", 60, 0, "penalty", 15, None),
    ],
    "Quillon Security": [
        (
            "them",
            "Service credits for the two missed incidents",
            "credit note",
            110,
            None,
            "penalty",
            31,
            None,
        ),
        ("us", "Sensors let into every warehouse", "nine sites", 95, None, "", 0, None),
    ],
    "Brightwater Integration": [
        ("them", "Ticket backlog below 40", "40", 150, -9, "reward", 10, 30),
        ("them", "Handover notes complete", "all systems", 20, 0, "", 0, None),
        ("us", "Acceptance within five days", "five days", 75, 11, "penalty", 4, 100),
    ],
    "Wickham Payments": [
        ("them", "Fees below 0.9 per cent on average", "0.9 %", 200, 0, "reward", 14, None),
        ("us", "Terminals returned", "all 320", 130, 0, "", 0, None),
    ],
    "Meridian Networks": [
        ("them", "All branches on the new lines", "84 branches", 88, 52, "penalty", 22, 130),
        ("us", "Sites opened to their engineers", "within a week", 160, 0, "", 0, None),
    ],
}
# Level, then of three years past to present: benefits promised and received, and hours and cost, in thousands.
PROGRAMMES = {
    "Northgate Cloud": ("gold", [(46, 21, 310, 38), (46, 17, 290, 37), (48, 11, 260, 35)]),
    "Halden Software": ("silver", [(30, 24, 120, 16), (30, 28, 110, 15), (32, 30, 100, 15)]),
    "Arbour Identity": ("bronze", [(8, 7, 30, 3), (9, 11, 34, 4), (9, 12, 36, 4)]),
    "Fennick Storage": ("premier", [(60, 55, 260, 41), (60, 61, 250, 40), (64, 66, 240, 40)]),
}
# Item, unit price, market low, median, high (in cents of the currency), source, days ago, shared.
BENCHMARKS = {
    "Northgate Cloud": [
        ("Compute, an hour of eight processors", "0.4032", "0.3310", "0.3600", "0.4150", "Two written offers", 64, False),
        ("Storage, a terabyte a month", "21.9000", "17.2000", "19.5000", "24.1000", "Buyers’ circle, 14 companies", 64, True),
    ],
    "Halden Software": [("A named user a year", "612.0000", "540.0000", "598.0000", "720.0000", "Advisory price study", 210, True)],
    "Oriel Telecom": [("Mobile plan with 20 GB a month", "11.4000", "10.9000", "12.8000", "16.5000", "Three public tariffs", 120, True)],
    "Tessera Data": [("Credit for one node an hour", "2.9500", "2.4000", "2.8000", "3.3000", "Two written offers", 480, False)],
    "Thornbury Licences": [("Office suite, a user a month", "23.8000", "18.9000", "20.6000", "24.0000", "Tender of a group company", 150, False)],
    "Meridian Networks": [("Branch line with 100 Mbit a month", "148.0000", "121.0000", "139.0000", "165.0000", "Three offers", 300, True)],
}  # fmt: skip
# By whom, kind, what, shared so many days ago, takes effect so many days after that (None: not said), a chance to act.
DISCLOSURES = {
    "Northgate Cloud": [
        ("them", "event", "The northern data centre changes hands", 300, 12, False),
        ("them", "roadmap", "What ends next year", 210, 160, True),
        ("them", "event", "Prices rise by 4 per cent", 95, 30, False),
        ("us", "forecast", "Storage for the year", 540, 60, True),
        ("us", "short", "Move of the web shops", 410, 45, True),
    ],
    "Halden Software": [
        ("them", "long", "Three-year plan for the product", 330, 400, True),
        ("them", "roadmap", "Release plan", 150, 120, True),
        ("them", "short", "Who is away over the summer", 160, 30, True),
        ("us", "forecast", "Users by department", 120, 90, True),
        ("us", "initiative", "New finance organisation", 200, 140, True),
    ],
    "Brightwater Integration": [
        ("them", "short", "Team plan", 70, 20, True), ("them", "short", "Team plan", 160, 20, True),
        ("them", "short", "Team plan", 250, 20, True), ("us", "short", "Release calendar", 80, 35, True),
        ("us", "event", "Freeze over the holidays brought forward", 340, 6, False),
    ],
    "Arbour Identity": [
        ("them", "roadmap", "Next two releases", 100, 150, True), ("us", "long", "Identity plan to the end of the decade", 130, 300, True),
    ],
    "Oriel Telecom": [
        ("them", "event", "Old network switched off", 400, 365, True), ("us", "forecast", "Lines for the new shops", 60, 90, True),
    ],
}  # fmt: skip
COMMON_DISCLOSURES = [
    ("them", "short", "Plan for the coming quarter", 75, 40, True),
    ("us", "forecast", "Volumes for the coming quarter", 140, 45, True),
]
# Vendor and provider: what each of customer, vendor and provider felt, oldest quarter first.
TRIANGLES: dict[tuple[str, str | None], list[tuple[int | None, ...]]] = {
    ("Halden Software", "Brightwater Integration"): [
        (1, 1, 1), (1, 2, 1), (1, 1, 0), (1, 2, 0), (2, 1, -1), (1, 1, -1), (1, 1, 1), (1, 2, 1),
    ],
    ("Northgate Cloud", None): [(1, 1, None), (0, 2, None), (-1, 2, None), (-1, 2, None), (-1, 1, None)],
}  # fmt: skip
PUT_IN = {
    "customer": (340, 6, "Test systems, a room for their team", "Running systems, fewer nights on call"),
    "vendor": (120, 3, "Early access, a product manager’s time", "A reference and plain feedback"),
    "provider": (820, 9, "Two senior engineers beyond the contract", "Steady work, training on the product"),
}
