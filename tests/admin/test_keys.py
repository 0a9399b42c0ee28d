"""The key ring in the admin: which key signs, and the two buttons that change it."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from tests.admin.desk import Desk, buttons, page_of
from tests.doors import codes
from tests.tokens.carrying import PROFILE, by_header
from tokens import jwt
from tokens.flows import replace_compromised_keys
from tokens.keyring import ring
from tokens.models import KeyState, SigningKey

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_ring")]

KEYS = "tokens_signingkey"


@pytest.fixture
def own_ring(db):
    yield
    ring.forget()


def key(state: KeyState) -> SigningKey:
    return SigningKey.objects.get(state=state)


def test_the_ring_is_listed_with_its_states(desk):
    page = desk.rows(KEYS).content.decode()
    for row in SigningKey.objects.all():
        assert row.kid in page
        assert row.get_state_display() in page
        assert row.sealed_private not in page
        assert row.sealed_private not in desk.open(row, KEYS).content.decode()


def test_only_the_signing_key_has_buttons(desk):
    assert buttons(desk.open(key(KeyState.ACTIVE), KEYS)) == ["rotate", "replace_compromised"]
    assert buttons(desk.open(key(KeyState.NEXT), KEYS)) == []


def test_rotating_logs_nobody_out_and_is_entered_in_the_log(desk, bearer):
    following = key(KeyState.NEXT)
    said = desk.act("rotate", key(KeyState.ACTIVE), what=KEYS)
    assert said == ["1 signing key: Another key signs now."]
    assert key(KeyState.ACTIVE) == following
    assert by_header(bearer.access).status_code == 200
    assert LogEntry.objects.filter(content_type__model="signingkey").count() == 1


def test_staff_are_asked_first(desk):
    before = key(KeyState.ACTIVE)
    response = desk.choose("rotate", before, what=KEYS)
    assert response.status_code == 200
    assert "Rotate: the next key signs from now on?" in response.content.decode()
    assert key(KeyState.ACTIVE) == before


def test_an_unsafe_rotation_says_why_and_does_nothing(desk):
    replace_compromised_keys(algorithm="ES256")
    assert desk.act("rotate", key(KeyState.ACTIVE), what=KEYS)
    signing = key(KeyState.ACTIVE)
    (said,) = desk.act("rotate", signing, what=KEYS)
    assert "The next key is not known everywhere yet. Try again in a few minutes." in said
    assert key(KeyState.ACTIVE) == signing


def test_only_the_signing_key_is_rotated(desk):
    assert desk.act("rotate", key(KeyState.NEXT), what=KEYS) == [
        "1 signing key: There was nothing to do."
    ]


def test_a_compromised_key_is_refused_at_once(desk, bearer):
    said = desk.act("replace_compromised", key(KeyState.ACTIVE), what=KEYS)
    assert said == ["1 signing key: Refused. A new key signs now."]
    assert codes(by_header(bearer.access)) == ["token_invalid"]
    assert jwt.ours(bearer.refresh_token) is None
    assert desk.get(PROFILE).status_code != 500


def test_it_takes_the_permission(make_staff):
    looking = Desk.of(make_staff("tokens.view_signingkey"))
    row = key(KeyState.ACTIVE)
    assert buttons(looking.open(row, KEYS)) == []
    looking.choose("rotate", row, what=KEYS, confirmed="1")
    assert key(KeyState.ACTIVE) == row


def test_others_do_not_see_the_ring(make_staff):
    other = Desk.of(make_staff("tokens.view_session"))
    assert other.rows(KEYS).status_code == 403
    assert other.get(page_of(key(KeyState.ACTIVE), KEYS)).status_code == 403


def test_nobody_adds_changes_or_deletes_a_key_by_hand(desk):
    row = key(KeyState.ACTIVE)
    assert desk.get(reverse(f"admin:{KEYS}_add")).status_code == 403
    assert desk.post(page_of(row, KEYS), {"state": "retired"}).status_code == 403
    delete = reverse(f"admin:{KEYS}_delete", args=[row.pk])
    assert desk.post(delete, {"post": "yes"}).status_code == 403
    assert key(KeyState.ACTIVE) == row
