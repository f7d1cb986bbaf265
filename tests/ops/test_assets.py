"""What is served of the style sheets that come in wheels."""

from vendorhub.assets import WheelFilesFinder, only_used


def test_a_style_sheet_keeps_the_rules_whose_classes_are_all_used():
    css = (
        '@charset "UTF-8";/* note */:root{--a:1}a,.lost a{b:c}.kept.lost{d:e}.kept:not(.lost,.kept){f:g}'
        ".kept:is(a,b)>c{h:i}@media print{.lost{j:k}.kept{l:m}}@media (x){.lost{n:o}}@keyframes spin{to{p:q}}"
    )
    assert only_used(css, {"kept"}) == (
        ":root{--a:1}a{b:c}.kept:is(a,b)>c{h:i}@media print{.kept{l:m}}@keyframes spin{to{p:q}}"
    )


def test_of_bootstrap_forms_are_served_and_what_no_page_names_is_not():
    name, storage = next(iter(WheelFilesFinder().list(None)))
    with storage.open(name) as file:
        served = file.read().decode()
    for used in ("body{", ".form-control{", ".form-select{", ".is-invalid{", ".invalid-feedback{", ".mb-3{"):
        assert used in served
    assert ".carousel" not in served
    assert len(served) < 60_000
