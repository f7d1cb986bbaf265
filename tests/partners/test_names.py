"""When two spellings are the same partner."""

import pytest

from partners.names import name_key


@pytest.mark.parametrize(
    "spellings",
    [
        (
            "Viola Management Inc.",
            "VIOLA MANAGEMENT INC",
            "  viola   management",
            "Viola Management, Incorporated",
        ),
        ("Alder Pty Ltd", "ALDER PTY. LIMITED", "Alder (Pty) Ltd."),
        ("Société Bleue S.A.", "Societe Bleue SA"),
        ("Møller & Co. GmbH & Co. KG", "Moller and Co"),
        ("O’Dell Print B.V.", "O'DELL PRINT BV"),
        (
            "\u0646\u0631\u0645\u200c\u0627\u0641\u0632\u0627\u0631",
            "\u0646\u0631\u0645\u0627\u0641\u0632\u0627\u0631",
        ),
        ("Straßenbau Ost AG", "STRASSENBAU OST"),
    ],
)
def test_spellings_of_one_name_share_a_key(spellings):
    assert len({name_key(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alder Cloud", "Alder Crowd"),
        ("AB Crane Hire", "Crane Hire"),
        ("Company of Trees", "Trees"),
        ("Alder Australia Pty Ltd", "Alder Pty Ltd"),
        ("Limited", "Company"),
    ],
)
def test_different_names_have_different_keys(one, other):
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("name", ["Ltd", "& Co", "!!!", "한국 회사", "Ω", "S.A.", "-", "x" * 5000, "ﷺ" * 300])
def test_a_name_always_has_a_key_that_fits_its_column(name):
    assert 1 <= len(name_key(name)) <= 300
