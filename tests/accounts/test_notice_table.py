"""The table in docs/notices.md: every mail and fact is in it, and nothing that is not there."""

import re
from pathlib import Path

from django.dispatch import Signal

import accounts.signals
import rbac.signals
import tokens.signals

PROJECT = Path(__file__).resolve().parents[2]
TEXT = (PROJECT / "docs" / "notices.md").read_text(encoding="utf-8")
TOLD, NOT_TOLD = TEXT.partition("## What is told")[2].split("## What is not")


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def named(cells: list[str]) -> list[str]:
    return [name for cell in cells for name in re.findall(r"`([\w.]+)`", cell)]


def test_every_mail_is_in_the_table():
    mails = {path.stem for path in PROJECT.glob("*/templates/*/mail/*.mail")}
    links = re.findall(r"^These bring .*$", TOLD, re.MULTILINE)
    assert {*named([row[2] for row in rows(TOLD)]), *named(links)} == mails


def test_every_signal_is_told_or_not_and_the_table_says_why():
    signals = {
        f"{module.__name__.partition('.')[0]}.{name}"
        for module in (accounts.signals, rbac.signals, tokens.signals)
        for name, value in vars(module).items()
        if isinstance(value, Signal)
    }
    told, not_told = (
        named([row[1] for row in rows(TOLD)]),
        named([row[0] for row in rows(NOT_TOLD)]),
    )
    assert {*told, *not_told} == signals
    assert not set(told) & set(not_told)
    assert len(not_told) == len(set(not_told))
    assert all(row[1] for row in rows(NOT_TOLD))


def test_a_notice_has_a_way_out_unless_the_table_says_why_not():
    for _, _, mail, way_out in rows(TOLD):
        source = (PROJECT / f"accounts/templates/accounts/mail/{mail.strip('`')}.mail").read_text()
        notice = '{% extends "accounts/notice.mail" %}' in source
        assert way_out == "yes" or re.match(r"(no|its link)\b.{10}", way_out)
        if way_out == "yes":
            assert notice
            assert "{% block action %}" not in source
