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

# name, kind, segment, unit or None, supplies, EUR a year, level (1 to 5), change over nine quarters,
# months to the end of the main contract
PARTNERS = [
    ("Northgate Cloud", "vendor", "strategic", None, "Cloud hosting", 2_640_000, 3.9, -1.2, 5),
    ("Halden Software", "vendor", "strategic", None, "ERP licences and support", 1_120_000, 3.6, 0.4, 4),
    ("Tessera Data", "vendor", "strategic", None, "Data warehouse platform", 960_000, 3.4, -0.7, 8),
    ("Fennick Storage", "vendor", "preferred", None, "Storage arrays", 690_000, 4.0, 0.1, 13),
    ("Meridian Networks", "vendor", "preferred", 1, "Branch networks and SD-WAN", 540_000, 3.5, 0.0, 3),
    (
        "Quillon Security",
        "vendor",
        "strategic",
        None,
        "Managed detection and response",
        385_000,
        3.1,
        -1.1,
        2,
    ),
    ("Oriel Telecom", "vendor", "preferred", None, "Mobile voice and data", 310_000, 4.4, 0.1, 9),
    ("Arbour Identity", "vendor", "strategic", 2, "Identity and single sign-on", 240_000, 4.0, 0.8, 14),
    ("Sable Analytics", "vendor", "tactical", 2, "Web analytics", 205_000, 2.9, 1.1, 10),
    ("Calder Print and Post", "vendor", "transactional", 1, "Print and post services", 120_000, 3.6, 0.1, 6),
    ("Wickham Payments", "vendor", "strategic", 0, "Card payments", 870_000, 4.1, -0.1, 11),
    ("Juniper Row Displays", "vendor", "tactical", 0, "Shop displays", 95_000, 3.3, -0.3, 7),
    ("Lodestar Maps", "vendor", "tactical", 1, "Route planning", 150_000, 3.9, 0.3, 15),
    ("Emberfold Backup", "vendor", "preferred", None, "Backup and recovery", 180_000, 3.8, 0.0, 12),
    ("Thornbury Licences", "vendor", "transactional", None, "Office licences", 430_000, 3.2, 0.2, 4),
    ("Pelham Robotics", "vendor", "preferred", 1, "Warehouse robots", 760_000, 3.7, 0.5, 20),
    ("Brightwater Integration", "provider", "strategic", None, "Application support", 1_260_000, 4.2, 0.2, 6),
    ("Kestrel Works", "provider", "preferred", 2, "Web development", 430_000, 3.7, -0.2, 10),
    ("Pell and Marsh", "provider", "tactical", 0, "Store roll-outs", 150_000, 3.2, -0.4, 8),
    ("Aldgate Field Services", "provider", "preferred", 1, "Field engineers", 280_000, 3.9, 0.4, 9),
    ("Group Logistics IT", "unit", "strategic", 1, "Warehouse systems desk", 0, 3.6, 0.3, None),
    ("Rossmoor Plant", "operations", "preferred", 1, "Pilot site for robots", 0, 3.3, 0.0, None),
    ("Northern Subsidiary", "operations", "tactical", 0, "Stores in the north", 0, 3.0, 0.2, None),
    ("Our own organisation", "own", "strategic", None, "How we are as a customer", 0, 3.6, 0.2, None),
]
CAPPED, PROVISIONAL, NEWCOMER = "Emberfold Backup", "Calder Print and Post", "Pelham Robotics"

CONTACT_NAMES = [
    ("Lena Abbott", "Account manager"), ("Marco Silva", "Account manager"), ("Yuki Tanabe", "Service manager"),
    ("Olga Petrenko", "Account manager"), ("Sam Whitlock", "Service manager"), ("Nadia Rahman", "Account director"),
]  # fmt: skip

LOW_COMMENTS = [
    "Second outage this quarter and we heard of it from our own stores.",
    "The roadmap we were shown in spring is gone. Nobody could say what replaced it.",
    "Two severity-1 cases were argued about for a week before anybody looked at a log.",
    "Came with three people and a price list. Left without an answer on the open ticket.",
    "The credit from March is still not on any invoice.",
    "New account manager again. We explained our set-up from the start, for the third time.",
]
MIDDLE_COMMENTS = [
    "Does what was ordered. I have to ask for anything beyond it.",
    "Service is fine on ordinary days; month end is still a gamble.",
    "Minutes come when I send mine first.",
    "Good people on the phone, slow people behind them.",
    "They listen. About half of what we asked for came back as a change.",
]
HIGH_COMMENTS = [
    "Told us about the certificate problem before we saw it, and stayed on the line until it was mended.",
    "Advised us not to take the bigger package. That earned a lot of trust.",
    "Lent us an engineer for the prototype and asked nothing for it.",
    "The monthly review is the one meeting nobody skips.",
    "Delivered the export we had asked for, a month early.",
]
ANONYMOUS_COMMENTS = [
    "Between us: the steering meetings are theatre. The real talk happens a week before the signature.",
    "I would not renew without a penalty that is actually paid.",
]
