"""`syncroles` makes the roles what a file says, all or none; `exportroles` writes such a file."""

import io
import os
import random
import signal
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from rbac import files, strict_yaml
from rbac.authority import OPERATOR
from rbac.definition import Definition
from rbac.files import parse, render
from rbac.flows import change_role
from rbac.models import Role, RoleAssignment
from rbac.signals import (
    role_changed,
    role_created,
    role_deleted,
    role_granted,
    role_withdrawn,
)
from tests.live.database import url_of
from tests.live.site import until
from tests.races.waiting import WAITING
from tests.rbac.making import (
    ADD,
    ASSIGN,
    CHANGE,
    CLIENT,
    ROLE_WRITES,
    VIEW,
    assigned,
    hold,
    make_role,
)

pytestmark = pytest.mark.django_db

PROJECT = Path(__file__).resolve().parents[2]
SIGNALS = (role_created, role_changed, role_deleted, role_granted, role_withdrawn)
TWO = f"""
roles:
  - slug: editor
    name: Editor
    rank: 20
    parents: [writer]
    permissions: [{CHANGE}]
  - slug: writer
    name: Writer
    permissions: [{VIEW}]
"""


@pytest.fixture
def sync(tmp_path):
    """`sync(text, *options)` is what the command prints."""

    def run(text: str | bytes, *options: str) -> str:
        path = tmp_path / "roles.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        said = io.StringIO()
        call_command("syncroles", str(path), *options, stdout=said)
        return said.getvalue()

    return run


@pytest.fixture
def fails(sync):
    """`fails(code, text, *options)`: what the command says as it exits with that code."""

    def run(code: int, text: str | bytes, *options: str) -> str:
        with pytest.raises(CommandError) as error:
            sync(text, *options)
        assert error.value.returncode == code, error.value
        return str(error.value)

    return run


@pytest.fixture
def refused(fails):
    """The same, having written nothing."""

    def run(code: int, text: str | bytes, *options: str) -> str:
        before = everything()
        said = fails(code, text, *options)
        assert everything() == before
        return said

    return run


@pytest.fixture
def heard(listen):
    """Everything that is announced about roles from now on, one list for each signal."""
    return [listen(signal) for signal in SIGNALS]


def export(*options: str) -> str:
    said = io.StringIO()
    call_command("exportroles", *options, stdout=said)
    return said.getvalue()


def everything() -> tuple[str, list[tuple]]:
    return export(), sorted(RoleAssignment.objects.values_list())


def family(**parents: list[str]) -> str:
    """A file in which each role has these parents, children first."""
    roles = [{"slug": slug, "name": slug, "parents": of} for slug, of in parents.items()]
    return yaml.safe_dump({"roles": roles[::-1]})


def parents_of(slug: str) -> set[str]:
    return set(Role.objects.get(slug=slug).parents.values_list("slug", flat=True))


def test_roles_become_what_the_file_says(sync, heard):
    said = sync(TWO, "--reason", "as agreed")
    assert said.splitlines() == [
        "+ writer",
        "    name: 'Writer'",
        f"    permissions: + {VIEW}",
        "+ editor",
        "    name: 'Editor'",
        "    rank: 20",
        "    parents: + writer",
        f"    permissions: + {CHANGE}",
        "2 created, 0 changed, 0 deleted, 3 unchanged.",
    ]
    editor = Definition.of(Role.objects.get(slug="editor"))
    assert editor == Definition(
        slug="editor",
        name="Editor",
        rank=20,
        parents=frozenset(["writer"]),
        permissions=frozenset([CHANGE]),
    )
    created, *others = heard
    assert [fact["role"].slug for fact in created] == ["writer", "editor"]
    assert {(fact["by"], fact["reason"]) for fact in created} == {(OPERATOR, "as agreed")}
    assert not any(others)


def test_a_second_run_does_nothing(sync, heard):
    sync(TWO)
    for facts in heard:
        facts.clear()
    assert sync(TWO) == "Nothing to do: 5 roles are as they should be.\n"
    assert sync(TWO, "--check") == "Nothing to do: 5 roles are as they should be.\n"
    assert not any(heard)


def test_what_the_file_leaves_out_stays(sync, heard):
    make_role("writer", VIEW, CHANGE, rank=7, mfa_required=True, description="Writes.")
    make_role("other", ADD, parents=("writer",))
    before = export()
    said = sync(f"roles: [{{slug: writer, permissions: [{VIEW}, {ADD}]}}]")
    assert said.splitlines() == [
        "~ writer",
        f"    permissions: - {CHANGE}",
        f"    permissions: + {ADD}",
        "0 created, 1 changed, 0 deleted, 4 unchanged.",
    ]
    assert export() == before.replace(f"  - {CHANGE}\n  - {VIEW}\n", f"  - {ADD}\n  - {VIEW}\n")
    [fact] = heard[SIGNALS.index(role_changed)]
    assert (fact["fields"], fact["reason"]) == (["permissions"], "syncroles roles.yaml")


def test_a_file_changes_a_system_role_and_can_empty_one(sync):
    make_role("writer", VIEW, parents=("moderator",))
    sync(
        """
        roles:
        - {slug: writer, permissions: [], parents: [], rank: 0}
        - {slug: moderator, mfa_required: true}
        """
    )
    writer = Definition.of(Role.objects.get(slug="writer"))
    assert writer == Definition(slug="writer", name="Writer", rank=0)
    assert Role.objects.get(slug="moderator").mfa_required


def test_a_dry_run_writes_nothing(sync, refused, heard, someone):
    make_role("writer", CHANGE, description="Writes.")
    make_role("gone")
    hold(someone(), "gone")
    options = ("--prune", "--withdraw")
    with CaptureQueriesContext(connection) as statements:
        said = sync(TWO, "--dry-run", *options)
    assert {each["sql"].split()[0] for each in statements} == {"SELECT"}
    assert said.splitlines() == [
        "~ writer",
        f"    permissions: - {CHANGE}",
        f"    permissions: + {VIEW}",
        "+ editor",
        "    name: 'Editor'",
        "    rank: 20",
        "    parents: + writer",
        f"    permissions: + {CHANGE}",
        "- gone, held by 1",
        "1 to create, 1 to change, 1 to delete, 3 unchanged.",
    ]
    assert refused(3, TWO, "--check", *options) == "The roles are not as the file says."
    assert not any(heard)


ROLE = "roles:\n- slug: writer\n  name: Writer\n"
BAD = {
    "": ["The file is empty"],
    "# nothing": ["The file is empty"],
    "roles:": ["line 1: roles: This must be a list"],
    "- slug: writer": ["line 1: This must be a mapping of roles."],
    "{}": ["line 1: `roles:` and a list are missing."],
    "role: []": ["line 1: There is no key 'role', only roles."],
    "roles: []\nroles: []": ["line 2: The key roles stands here twice."],
    "roles: [writer]": ["line 1: This must be a mapping of slug, name,"],
    "roles:\n- name: Writer": ["line 2: slug: This role has none."],
    "roles:\n- slug: writer": ["line 2: writer: name: This field cannot be blank."],
    f"{ROLE}  colour: red": ["line 4: writer: There is no key 'colour'"],
    f"{ROLE}  ? [a]\n  : b": ["line 4: writer: There is no key that is no text"],
    f"{ROLE}  name: Author": ["line 4: writer: The key name stands here twice."],
    f"{ROLE}- slug: writer": ["line 4: writer: slug: The role on line 2 has the same."],
    "roles: [{slug: Writer, name: x}]": ["line 1: Writer: slug: Use small letters"],
    'roles: [{slug: "a\\nb", name: x}]': ["line 1: "],
    f"roles: [{{slug: {'w' * 51}, name: x}}]": ["Ensure this value has at most 50 characters"],
    "roles: [{slug: no, name: x}]": ["line 1: no: slug: This must be text: put it in quotes."],
    "roles: [{slug: writer, name: 2030-01-31}]": ["writer: name: This must be text: put it in"],
    "roles: [{slug: writer, name: }]": ["writer: name: This must be text: put it in quotes."],
    "roles: [{slug: writer, name: [x]}]": ["writer: name: This must be text."],
    'roles: [{slug: writer, name: ""}]': ["writer: name: This field cannot be blank."],
    'roles: [{slug: writer, name: "a\\eb"}]': ["writer: name: Control characters"],
    f"{ROLE}  description: {{a: b}}": ["line 4: writer: description: This must be text."],
    f'{ROLE}  description: "\\0"': ["line 4: writer: description: No database stores"],
    f"{ROLE}  description: {'x' * 1001}": ["writer: description: Ensure this value has at most"],
    f"{ROLE}  description: !!python/name:os.system x": ["line 4: Tags are not read here"],
    "roles: !!python/object/apply:os.system []": ["line 1: Tags are not read here"],
    f"{ROLE}  rank: -1": ["line 4: writer: rank: Ensure this value is greater"],
    f"{ROLE}  rank: 10001": ["line 4: writer: rank: Ensure this value is less"],
    f"{ROLE}  rank: {'9' * 5000}": ["line 4: writer: rank: This must be a whole number"],
    **{
        f"{ROLE}  rank: {value}": ["line 4: writer: rank: This must be a whole number"]
        for value in ('"5"', "1.5", "010", "0x10", "1:30", "1_000", "true", "", "[5]", ".inf")
    },
    **{
        f"{ROLE}  mfa_required: {value}": ["line 4: writer: mfa_required: This must be true or"]
        for value in ("1", "yes", "off", '"true"', "", "[true]")
    },
    **{
        f"{ROLE}  {field}: {value}": [f"line 4: writer: {field}: This must be a list"]
        for field in ("parents", "permissions")
        for value in ("moderator", "", "{a: b}", "1")
    },
    f"{ROLE}  parents: [ghost]": ["line 4: writer: parents: There is no role 'ghost'."],
    f"{ROLE}  parents: [[moderator]]": ["line 4: writer: parents: This must be text."],
    f"{ROLE}  parents: [writer]": ["parents: This is a cycle: writer inherits from writer."],
    f"{ROLE}  permissions:\n  - {VIEW}\n  - accounts.fly": [
        "line 6: writer: permissions: There is no permission 'accounts.fly'."
    ],
    f"{ROLE}  permissions:\n  - {VIEW}\n  - {VIEW}": ["line 6: writer: permissions: 'accounts."],
    f"{ROLE}  permissions: [1, accounts, view_user, .view_user]": [
        "writer: permissions: This must be text: put it in quotes.",
        "writer: permissions: There is no permission 'accounts'.",
        "writer: permissions: There is no permission 'view_user'.",
        "writer: permissions: There is no permission '.view_user'.",
    ],
    "roles: [{slug: user, rank: 1, parents: [moderator]}]": [
        "user: rank: Everybody holds this role",
        "user: parents: Everybody holds this role",
    ],
    "roles: [{slug: moderator, parents: [admin]}, {slug: admin, parents: [moderator]}]": [
        "cycle: moderator inherits from admin inherits from moderator.",
    ],
    "roles:\n\t- slug: writer": ["cannot start any token; indent by spaces, not by tabs."],
    "roles: [{slug: 'x}]": ["This is no YAML: "],
    "roles: []\n---\nroles: []": ["line 2: This is no YAML: but found another document."],
    "roles: []\u2028\u2028]": ["This is no YAML: "],
    "roles: &all []": ["line 1: Anchors and aliases are not read here."],
    "roles: *all": ["line 1: Anchors and aliases are not read here."],
    "roles:\n- &a {slug: a, name: x}\n- *a": ["line 2: Anchors and aliases"],
    f"{ROLE}  <<: {{rank: 3}}": ["line 4: writer: There is no key '<<'"],
    "[" * 200_000: ["line 1: This is nested too deeply."],
    "roles: []\n# \x07": ["line 2: YAML does not allow the character '\\x07'."],
    b"roles: []\n# \xe4": ["line 2: This is not UTF-8."],
    "roles: []".encode("utf-16"): ["line 1: This is not UTF-8."],
}


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_nothing_wrong_gets_through(fails, monkeypatch, loader):
    """Whether PyYAML was built with libyaml or without."""
    monkeypatch.setattr(strict_yaml, "Loader", getattr(yaml, loader))
    before = everything()
    for text, expected in BAD.items():
        said = fails(2, text)
        for each in expected:
            assert each in said, f"{text[:80]!r}: {said}"
        assert said.count("\n  ") == len(expected), f"{text[:80]!r}: {said}"
    assert everything() == before


def test_all_that_is_wrong_is_told_at_once(refused):
    said = refused(
        2,
        f"""roles:
- slug: editor
  rank: high
  parents: [writer, ghost]
- slug: writer
  parents: [editor]
  permissions: [{VIEW}, accounts.fly]
- slug: writer
  nmae: Writer
""",
    )
    assert said.splitlines() == [
        "Nothing was written. What is wrong with the file:",
        "  line 2: editor: name: This field cannot be blank.",
        "  line 3: editor: rank: This must be a whole number, without quotes.",
        "  line 4: editor: parents: There is no role 'ghost'.",
        "  line 4: editor: parents: This is a cycle: editor inherits from writer inherits from"
        " editor.",
        "  line 5: writer: name: This field cannot be blank.",
        "  line 7: writer: permissions: There is no permission 'accounts.fly'.",
        "  line 8: writer: slug: The role on line 5 has the same.",
        "  line 9: writer: There is no key 'nmae', only slug, name, description, rank, parents,"
        " permissions, mfa_required.",
    ]
    many = "".join(f"- {{slug: r{number}}}\n" for number in range(80))
    assert refused(2, f"roles:\n{many}").splitlines()[-1] == "  and 30 more"


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [("LARGEST", 10, "larger than 0 MiB"), ("MOST_VALUES", 10, "line 5: The file holds more")],
)
def test_a_file_has_a_size(refused, monkeypatch, limit, value, said):
    monkeypatch.setattr(strict_yaml, limit, value)
    assert said in refused(2, TWO)


def test_the_hierarchy_can_be_turned_around(sync):
    sync(family(a=["b"], b=["c"], c=[], beside=["c"]))
    sync(family(c=["b"], b=["a"], a=[]))
    found = [parents_of(slug) for slug in ("a", "b", "c", "beside")]
    assert found == [set(), {"a"}, {"b"}, {"c"}]


def test_a_cycle_through_roles_that_the_file_does_not_name_is_named(refused):
    make_role("top")
    make_role("between", parents=("top",))
    said = refused(2, "roles: [{slug: top, parents: [between]}]")
    assert "top: parents: This is a cycle: top inherits from between inherits from top." in said


def test_any_hierarchy_becomes_any_other(sync):
    dice = random.Random(5)
    for _ in range(6):
        slugs = list("abcdef")
        dice.shuffle(slugs)
        wanted = {
            slug: dice.sample(slugs[:at], dice.randint(0, at)) for at, slug in enumerate(slugs)
        }
        sync(family(**wanted))
        assert {slug: parents_of(slug) for slug in slugs} == {
            slug: set(parents) for slug, parents in wanted.items()
        }


def test_a_parent_is_renamed(sync, refused):
    sync(TWO)
    renamed = TWO.replace("slug: writer", "slug: author").replace("[writer]", "[author]")
    assert "There is no role 'author'" in refused(2, TWO.replace("[writer]", "[author]"))
    said = sync(renamed, "--prune")
    assert parents_of("editor") == {"author"}
    assert not Role.objects.filter(slug="writer").exists()
    assert said.splitlines()[-2:] == ["- writer", "1 created, 1 changed, 1 deleted, 3 unchanged."]


def test_pruning_deletes_what_the_file_does_not_name(sync, refused, heard, someone):
    for slug in ("free", "held", "lapsed"):
        make_role(slug, VIEW)
    now = timezone.now()
    holders = [someone("held"), someone()]
    hold(holders[1], "held", starts_at=now + timedelta(days=1))
    hold(holders[1], "lapsed", starts_at=now - timedelta(days=2), expires_at=now)
    assert sync(TWO).endswith("2 created, 0 changed, 0 deleted, 6 unchanged.\n")

    for options in (("--prune",), ("--prune", "--dry-run")):
        said = refused(1, TWO, *options)
        assert said.splitlines()[1:] == ["  held is still assigned to 2."]
    assert "--withdraw goes with --prune" in refused(2, TWO, "--withdraw")
    sync(TWO, "--prune", "--withdraw", "--reason", "tidying up")

    assert set(Role.objects.values_list("slug", flat=True)) == {
        *("admin", "moderator", "user", "editor", "writer")
    }
    assert [assigned(each) for each in holders] == [set(), set()]
    deleted, _, withdrawn = heard[2:]
    assert [fact["slug"] for fact in deleted] == ["free", "held", "lapsed"]
    taken = {(fact["user_id"], fact["slug"], fact["reason"]) for fact in withdrawn}
    assert taken >= {(each.pk, "held", "tidying up") for each in holders}


def test_what_others_inherit_from_is_not_pruned(refused):
    make_role("writer")
    make_role("editor", parents=("writer",))
    Role.objects.get(slug="admin").parents.add(Role.objects.get(slug="writer"))
    said = refused(2, "roles: [{slug: editor}]", "--prune")
    assert "editor: parents: --prune would delete 'writer'" in said
    assert "admin: parents: --prune would delete 'writer'" in said


def test_assignments_are_not_touched(sync, someone):
    sync(TWO)
    holder = someone("editor", "writer")
    before = sorted(RoleAssignment.objects.values_list())
    sync(TWO.replace("rank: 20", "rank: 3").replace(f"[{VIEW}]", "[]"))
    assert sorted(RoleAssignment.objects.values_list()) == before
    assert assigned(holder) == {"editor", "writer"}


CLIMBS = {
    "a role of their own rank": "{slug: new, name: New, rank: 50}",
    "a higher one": "{slug: new, name: New, rank: 100}",
    "a permission that they lack": f"{{slug: new, name: New, permissions: [{ADD}]}}",
    "one that they lack, inherited": "{slug: new, name: New, parents: [strong]}",
    "a rank, inherited": "{slug: new, name: New, parents: [moderator]}",
    "a permission for another's role": f"{{slug: weak, permissions: [{ADD}]}}",
    "their own role": f"{{slug: lead, permissions: [{', '.join((VIEW, ASSIGN, *ROLE_WRITES))}]}}",
    "their own role's rank": "{slug: lead, rank: 60}",
    "what everybody has": f"{{slug: user, permissions: [{VIEW}]}}",
    "the highest role": "{slug: admin, permissions: []}",
    "a role that can do more": "{slug: strong, mfa_required: false, name: Weak}",
}


@pytest.mark.parametrize("climb", CLIMBS)
def test_nobody_climbs_by_a_file(sync, refused, someone, heard, climb):
    make_role("lead", VIEW, *ROLE_WRITES, rank=50)
    make_role("strong", ADD)
    make_role("weak", VIEW)
    manager = someone("lead")
    fine = "{slug: fine, name: Fine, rank: 49, parents: [weak]}"
    by = ("--by", manager.email)
    assert "fine" in sync(f"roles: [{fine}]", *by)
    said = refused(1, f"roles: [{fine}, {CLIMBS[climb]}]", *by)
    assert said.startswith("Refused. Nothing was written.\n  ")
    [made] = heard[0]
    assert (made["role"].slug, made["by"]) == ("fine", manager)
    sync(f"roles: [{fine}, {CLIMBS[climb]}]")  # an operator may


def test_who_acts_is_judged_as_in_the_api(sync, refused, someone):
    make_role("writer", VIEW)
    holder = someone("writer", may=(ADD,))
    reader = someone("moderator")
    maker = someone("moderator", may=(VIEW, *ROLE_WRITES))
    keeper = someone("moderator", may=(VIEW, ASSIGN, *ROLE_WRITES))
    superuser = someone(is_superuser=True)
    assert "rbac.add_role is not theirs" in refused(1, TWO, "--by", reader.email)
    assert "No account has that address" in refused(1, TWO, "--by", "nobody@example.com")
    pruning = ("roles: []", "--prune", "--withdraw", "--by")
    assert "rbac.assign_role is not theirs" in refused(1, *pruning, maker.email)
    assert "may do what this one may not" in refused(1, *pruning, keeper.email)
    sync(*pruning, superuser.email)
    assert assigned(holder) == set()
    keeper.is_active = False
    keeper.save()
    assert "gone, deactivated or closed" in refused(1, TWO, "--by", keeper.email)


def test_what_fails_at_the_last_role_leaves_nothing(refused, sync, someone, listen):
    """What receivers wrote on the way is gone with it: an event of what did not happen."""

    def record(role, **facts):
        Group.objects.create(name=f"event of {role.slug}")

    manager = someone("moderator", may=(VIEW, *ROLE_WRITES))
    created = listen(role_created)
    role_created.connect(record)
    try:
        refused(1, TWO.replace("rank: 20", "rank: 60"), "--by", manager.email)
        assert [fact["role"].slug for fact in created] == ["writer"]
        assert not Group.objects.exists()
        sync(TWO)
        assert Group.objects.count() == 2
    finally:
        role_created.disconnect(record)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_killed_leaves_nothing(tmp_path):
    for slug in ("first", "last"):
        make_role(slug)
    before = export()
    path = tmp_path / "roles.yaml"
    path.write_text(family(first=[], new=["first"], last=["new"]).replace("name: ", "name: Other "))
    running = subprocess.Popen(
        [sys.executable, "-m", "django", "syncroles", str(path)],
        env={**os.environ, "DATABASE_URL": url_of(connection.settings_dict["NAME"])},
        cwd=PROJECT,
    )
    with transaction.atomic(), connection.cursor() as cursor:
        list(Role.objects.filter(slug="last").select_for_update())

        def is_waiting() -> bool:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(WAITING)
            assert running.poll() is None
            return cursor.fetchone()[0] > 0

        until(is_waiting)
        running.kill()
        assert running.wait() == -signal.SIGKILL
    assert export() == before  # which waits for whoever still changes roles


def test_standard_input_and_files_that_cannot_be_read(monkeypatch, heard, tmp_path):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TWO.encode("utf-8-sig"))))
    call_command("syncroles", "-", stdout=io.StringIO())
    assert {fact["reason"] for fact in heard[0]} == {"syncroles"}
    for path in (tmp_path, tmp_path / "none.yaml", "a\0b"):
        with pytest.raises(CommandError, match="cannot be read") as error:
            call_command("syncroles", str(path))
        assert error.value.returncode == 2


@pytest.mark.parametrize("reason", ["", " ", "a\nb", "x" * 201])
def test_a_reason_is_one(refused, reason):
    assert refused(2, TWO, "--reason", reason).startswith("--reason: ")


def test_what_is_exported_changes_nothing_and_brings_everything_back(sync):
    sync(TWO)
    odd = 'Two lines:\n  "quotes", # no comment, ünï\t\u2028\u0085 \U0001f600 ...\n\n'
    changes = {"description": odd, "mfa_required": True, "name": "yes"}
    change_role("editor", changes=changes, by=OPERATOR, reason="test", client=CLIENT)
    make_role("007")
    exported = export()
    assert sync(exported, "--check", "--prune") == "Nothing to do: 6 roles are as they should be.\n"

    sync("roles: [{slug: moderator, name: M, rank: 3, permissions: []}]", "--prune")
    assert export() != exported
    sync(exported)
    assert export() == exported
    assert Role.objects.get(slug="editor").description == odd


def test_an_export_reads_well(sync):
    sync("roles: [{slug: b-low, name: B, description: 'Two\n\n    lines'}, {slug: a-low, name: A}]")
    sync(f"roles: [{{slug: high, name: H, rank: 500, permissions: [{VIEW}, {ADD}]}}]")
    exported = export()
    assert exported.startswith(
        f"""roles:
- slug: high
  name: H
  description: ''
  rank: 500
  parents: []
  permissions:
  - {ADD}
  - {VIEW}
  mfa_required: false
- slug: admin
"""
    )
    assert "  description: |-\n    Two\n    lines\n" in exported
    slugs = [role["slug"] for role in yaml.safe_load(exported)["roles"]]
    assert slugs == ["high", "admin", "moderator", "a-low", "b-low", "user"]


def test_an_export_replaces_its_file_or_leaves_it(tmp_path):
    path, link = tmp_path / "roles.yaml", tmp_path / "link.yaml"
    path.write_text("former")
    path.chmod(0o640)
    link.symlink_to(path)
    assert export("--output", str(link)) == ""
    assert path.read_text() == export()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, path]
    for nowhere in (tmp_path, tmp_path / "none" / "roles.yaml", "/dev/null", "a\0b"):
        with pytest.raises(CommandError, match="was not written") as error:
            export("--output", str(nowhere))
        assert error.value.returncode == 2


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
NAMES = st.frozensets(TEXT, max_size=4)
DEFINITIONS = st.lists(
    st.builds(
        Definition,
        slug=TEXT,
        name=TEXT,
        description=TEXT,
        rank=st.integers(0, 10_000),
        parents=NAMES,
        permissions=NAMES,
        mfa_required=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda role: role.slug,
)


@pytest.mark.parametrize("flavour", ["CSafe", "Safe"])
@given(roles=DEFINITIONS)
@example([Definition(slug="no", name="~", description=" \n a\r\n\u2028\ufeff\x85-\t\n")])
def test_whatever_is_printed_is_read_as_it_was(flavour, roles):
    dumper = type("Dumper", (getattr(yaml, f"{flavour}Dumper"),), {})
    dumper.add_representer(str, files._represent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_yaml, "Loader", getattr(yaml, f"{flavour}Loader"))
        patch.setattr(files, "_Dumper", dumper)
        read = parse(render(roles).encode())
    assert read.problems == []
    found = {Definition(slug="", name="").replace(each.fields) for each in read.entries.values()}
    assert found == set(roles)


@pytest.mark.parametrize(
    "text",
    [
        'roles: [{slug: "\\e]0;mine\\a\\e[31m", name: x}]',
        'roles: [{slug: "\\e[2Ja", name: x, parents: ["\\e[2Ja"]}]',
        'roles: [{slug: "\\e[2Ja", name: x, permissions: ["\\e[2J.b"]}]',
    ],
)
def test_no_file_gives_orders_to_a_terminal(refused, text):
    for options in ((), ("--dry-run",)):
        assert all(line.isprintable() for line in refused(2, text, *options).splitlines())


def test_what_has_expired_needs_no_right_to_take_it(sync, someone, later):
    make_role("chief", "rbac.delete_role", VIEW, rank=60)
    make_role("old")
    hold(someone(is_superuser=True), "old", expires_at=timezone.now() + timedelta(hours=1))
    by = someone("chief")
    later(hours=2)
    sync("roles: [{slug: chief}]", "--prune", "--by", by.email)
    assert not Role.objects.filter(slug="old").exists()
