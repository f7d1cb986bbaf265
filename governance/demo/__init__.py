"""A believable portfolio to try the product with: invented partners, nine quarters, one of them open now.

LOGINS and PASSWORD are what a person at the terminal is told.
"""

PASSWORD = "try-the-hub-now"  # noqa: S105  (of demo people only, printed at the first start)
LOGINS = [
    ("petra.holm@demo.example", "Procurement: sets up and closes the quarter"),
    ("ravi.menon@demo.example", "Rater: scores a handful of partners"),
    ("clara.okafor@demo.example", "Executive (CIO): sees where the money and the risk are"),
    ("greta.lind@demo.example", "Governance: prints the quarterly review"),
    ("adam.weiss@demo.example", "Administrator: people, units, audit trail"),
]
