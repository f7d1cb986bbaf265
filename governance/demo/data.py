"""Who and what is in the demo portfolio. Every name is invented."""

UNITS = ["Retail", "Logistics", "Digital"]

# name, e-mail, role, rater role, units (numbers; empty: the whole company), severity (marks given too low)
PEOPLE = [
    ("Petra Holm", "petra.holm", "procurement", "procurement", (), 0.1),
    ("Jonas Brandt", "jonas.brandt", "procurement", "procurement", (1,), 0.2),
    ("Ravi Menon", "ravi.menon", "rater", "it", (), -0.1),
    ("Ines Duarte", "ines.duarte", "rater", "it", (0, 2), 0.6),
    ("Tomasz Zielinski", "tomasz.zielinski", "rater", "business", (1,), -0.5),
    ("Maud Ferrier", "maud.ferrier", "rater", "business", (0,), 0.0),
    ("Clara Okafor", "clara.okafor", "executive", "leadership", (), 0.3),
    ("Greta Lind", "greta.lind", "governance", "leadership", (), -0.2),
    ("Adam Weiss", "adam.weiss", "administrator", "it", (), 0.0),
]

# name, kind, segment, unit or None, supplies, money a year, level (1 to 5), change over nine quarters,
# days to the end of the main contract
PARTNERS = [
    ("Northgate Cloud", "vendor", "strategic", None, "Cloud hosting", 2_640_000, 3.9, -1.2, 38),
    ("Halden Software", "vendor", "strategic", None, "ERP licences and support", 1_120_000, 3.6, 0.4, 83),
    ("Tessera Data", "vendor", "strategic", None, "Data warehouse platform", 960_000, 3.4, -0.7, 130),
    ("Fennick Storage", "vendor", "preferred", None, "Storage arrays", 690_000, 4.0, 0.1, 400),
    ("Meridian Networks", "vendor", "preferred", 1, "Branch networks and SD-WAN", 540_000, 3.5, 0.0, 61),
    (
        "Quillon Security",
        "vendor",
        "strategic",
        None,
        "Managed detection and response",
        385_000,
        3.1,
        -0.8,
        45,
    ),
    ("Oriel Telecom", "vendor", "preferred", None, "Mobile voice and data", 310_000, 4.4, 0.1, 270),
    ("Arbour Identity", "vendor", "strategic", 2, "Identity and single sign-on", 240_000, 4.0, 0.8, 420),
    ("Sable Analytics", "vendor", "tactical", 2, "Web analytics", 205_000, 2.9, 1.1, 310),
    (
        "Calder Print and Post",
        "vendor",
        "transactional",
        1,
        "Print and post services",
        120_000,
        3.6,
        0.1,
        175,
    ),
    ("Wickham Payments", "vendor", "strategic", 0, "Card payments", 870_000, 4.1, -0.1, 330),
    ("Juniper Row Displays", "vendor", "tactical", 0, "Shop displays", 95_000, 3.3, -0.3, 205),
    ("Lodestar Maps", "vendor", "tactical", 1, "Route planning", 150_000, 3.9, 0.3, 460),
    ("Emberfold Backup", "vendor", "preferred", None, "Backup and recovery", 180_000, 3.8, 0.0, 365),
    ("Thornbury Licences", "vendor", "transactional", None, "Office licences", 430_000, 3.2, 0.2, 75),
    ("Pelham Robotics", "vendor", "preferred", 1, "Warehouse robots", 760_000, 3.7, 0.5, 600),
    (
        "Brightwater Integration",
        "provider",
        "strategic",
        None,
        "Application support",
        1_260_000,
        4.2,
        0.2,
        190,
    ),
    ("Kestrel Works", "provider", "preferred", 2, "Web development", 430_000, 3.7, -0.2, 290),
    ("Pell and Marsh", "provider", "tactical", 0, "Store roll-outs", 150_000, 3.2, -0.4, 240),
    ("Aldgate Field Services", "provider", "preferred", 1, "Field engineers", 280_000, 3.9, 0.4, 260),
    ("Group Logistics IT", "unit", "strategic", 1, "Warehouse systems desk", 0, 3.6, 0.3, None),
    ("Rossmoor Plant", "operations", "preferred", 1, "Pilot site for robots", 0, 3.3, 0.0, None),
    ("Northern Subsidiary", "operations", "tactical", 0, "Stores in the north", 0, 3.0, 0.2, None),
    ("Our own organisation", "own", "strategic", None, "How we are as a customer", 0, 3.6, 0.2, None),
]
CAPPED, PROVISIONAL, NEWCOMER = "Emberfold Backup", "Calder Print and Post", "Pelham Robotics"
IN_DOLLARS = ("Lodestar Maps", "Thornbury Licences")
TOTAL_ONLY = "Pelham Robotics"  # its register names the value of the whole term
RAN_OUT = "Pell and Marsh"  # an older contract of theirs ended some days ago
DELIVERS = ("Brightwater Integration", "Halden Software")  # the first delivers what the second sells

# The open quarter: who has still to submit what; everybody else's gaps are left to chance.
RAVI, CLARA = 2, 6
NOT_BEGUN = {RAVI: ("Oriel Telecom", "Kestrel Works"), CLARA: ("Tessera Data", "Brightwater Integration")}
HALF_DONE = {RAVI: "Halden Software"}
DONE = (0, 7)  # have nothing left, and so see the open quarter's scores

NOTES = {
    "Northgate Cloud": "Third account manager in two years. Exit plan drafted, not tested.",
    "Quillon Security": "On the watch list since the two missed incidents. Legal has asked for the service credits.",
    "Sable Analytics": "Was to be replaced; the new product lead turned it round.",
}
# partner, name, role, since and until in days before today
FORMER_CONTACTS = [
    ("Northgate Cloud", "Harriet Bloom", "Account manager", 720, 430),
    ("Northgate Cloud", "Dev Kapoor", "Account manager", 430, 200),
    ("Tessera Data", "Ulrike Stein", "Service manager", 900, 150),
]
CONTACT_NAMES = [
    ("Lena Abbott", "Account manager"), ("Marco Silva", "Account manager"), ("Yuki Tanabe", "Service manager"),
    ("Olga Petrenko", "Account manager"), ("Sam Whitlock", "Service manager"), ("Nadia Rahman", "Account director"),
]  # fmt: skip

LOW_COMMENTS = [
    "Second outage this quarter and we heard of it from our own people.",
    "The roadmap we were shown in spring is gone. Nobody could say what replaced it.",
    "Two severity-1 cases were argued about for a week before anybody looked at a log.",
    "Came with three people and a price list. Left without an answer on the open ticket.",
    "The credit from March is still not on any invoice.",
    "New account manager again. We explained our set-up from the start, for the third time.",
    "Asked for a root cause in May. Got a slide in July.",
    "I chase them for every single date. When I stop, nothing moves.",
    "The licence audit letter arrived two weeks before the renewal talk. Hardly a coincidence.",
    "Their fix took down the thing it was meant to fix.",
]
MIDDLE_COMMENTS = [
    "Does what was ordered. I have to ask for anything beyond it.",
    "Service is fine on ordinary days; month end is still a gamble.",
    "Minutes come when I send mine first.",
    "Good people on the phone, slow people behind them.",
    "They listen. About half of what we asked for came back as a change.",
    "Better since the summer. I would like to see it last a winter.",
    "Price went up again, but at least they warned us in time to budget for it.",
    "Honest about the delay this time, which I prefer to a date nobody believes.",
    "Nothing to complain about, nothing to remember either.",
]
HIGH_COMMENTS = [
    "Told us about the certificate problem before we saw it, and stayed on the line until it was mended.",
    "Advised us not to take the bigger package. That earned a lot of trust.",
    "Lent us an engineer for the prototype and asked nothing for it.",
    "The monthly review is the one meeting nobody skips.",
    "Delivered the export we had asked for, a month early.",
    "Called the morning after the outage, before I had finished reading the report.",
    "Same two people for three years. They know our month end better than some of us.",
    "Said straight out that they cannot do it, and named two firms who can.",
]
OWN_COMMENTS = [
    "We took eleven weeks to decide something we had called urgent.",
    "Invoices are paid on time now. That was not so last year.",
    "Requirements changed twice after the order. That one is on us.",
    "We cancelled three of the last five training days.",
    "The forecast we share is honest, if late.",
]
INTERNAL_COMMENTS = [
    "Priorities changed with every steering meeting.",
    "Quick to answer, slow to decide.",
    "The stock interface broke on a Friday and they fixed it the same night.",
    "I would like their plans before the quarter starts, not in the middle of it.",
    "Good neighbours. They come over instead of writing a ticket.",
]
ANONYMOUS_COMMENTS = [
    "Between us: the steering meetings are theatre. The real talk happens a week before the signature.",
    "I would not renew without a penalty that is actually paid.",
    "People here are careful what they say about this one, because of who brought them in.",
]
