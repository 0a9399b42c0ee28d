"""Tables and lists in README.md against what they are about."""

import re

import pytest

from tests.package.readme import PROJECT, section, settings_of, table

APPS = {"PORTCULLIS": "portcullis", "TOKENS": "tokens", "ACCOUNTS": "accounts"}


@pytest.mark.parametrize("name", APPS)
def test_the_table_of_settings_is_whole_and_true(name):
    """Where a field has a docstring the table repeats it; the others are explained there alone."""
    fields = settings_of(APPS[name])
    told = table(name)
    assert [row.name for row in told] == [field.name for field in fields]
    for row, field in zip(told, fields, strict=True):
        right = f"| `{field.name}` | `{field.default}` | {field.meaning or row.meaning} |"
        assert (row.default, row.meaning) == (field.default, field.meaning or row.meaning), right
        assert row.meaning, f"{field.name} is not explained"


def test_every_custom_property_is_named():
    sheet = (PROJECT / "portcullis/static/portcullis/portcullis.css").read_text(encoding="utf-8")
    defined = set(re.findall(r"^\s*(--[\w-]+):", sheet, re.MULTILINE))
    assert set(re.findall(r"`(--[\w-]+)`", section("Looks"))) == defined


def test_every_template_that_is_named_exists():
    named = re.findall(r"`([\w/]+\.(?:html|txt|mail))`", section("Looks"))
    assert len(named) >= 10
    for name in named:
        ours = name.rpartition("templates/")[2]  # a theme's path in the reader's project
        assert list(PROJECT.glob(f"*/templates/{ours}")), name


def test_the_blocks_of_the_base_are_all_named():
    base = (PROJECT / "portcullis/templates/portcullis/base.html").read_text(encoding="utf-8")
    for block in re.findall(r"{% block (\w+) %}", base):
        assert f"`{block}`" in section("Looks")
