"""Several processes that migrate, or rotate, at the same moment."""

from functools import partial

import pytest

from tests.races.crowd import all_at_once
from tests.races.waiting import holding
from tokens.flows import prepare_next_key, replace_compromised_keys, rotate_key
from tokens.flows.keys import make_first_keys
from tokens.keyring import KeyRing, ring
from tokens.models import KeyState, SigningKey
from tokens.signals import signing_key_created

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


ROUNDS = 10


def test_processes_that_make_the_first_keys_at_once_end_up_with_one_pair(listen):
    for _ in range(ROUNDS):
        heard = listen(signing_key_created)
        SigningKey.objects.all().delete()

        all_at_once(*[make_first_keys] * 6)

        kids = dict(SigningKey.objects.values_list("state", "kid"))
        assert SigningKey.objects.count() == 2
        assert ring.active().kid == kids[KeyState.ACTIVE]
        assert sorted(fact["kid"] for fact in heard) == sorted(kids.values())


def test_of_rotations_at_once_one_is_done():
    SigningKey.objects.all().delete()
    make_first_keys()
    following = SigningKey.objects.get(state=KeyState.NEXT)

    done = all_at_once(*[partial(rotate_key, following=following)] * 6)

    assert sorted(done) == [False] * 5 + [True]
    assert SigningKey.objects.get(state=KeyState.ACTIVE) == following
    assert SigningKey.objects.count() == 3


def test_keys_that_are_compromised_several_times_at_once_are_replaced():
    for _ in range(ROUNDS):
        SigningKey.objects.all().delete()
        make_first_keys()
        before = set(SigningKey.objects.values_list("kid", flat=True))

        refused = all_at_once(*[replace_compromised_keys] * 6)

        assert before <= set().union(*refused)
        believed = SigningKey.objects.exclude(state=KeyState.RETIRED)
        states = sorted(believed.values_list("state", flat=True))
        assert states == [KeyState.ACTIVE, KeyState.NEXT]


def test_a_key_that_is_prepared_beside_a_rotation(own_ring):
    make_first_keys()
    following = prepare_next_key()
    with holding(lambda: list(SigningKey.objects.select_for_update())) as start:
        rotation = start(lambda: rotate_key(following=following))
        other = start(lambda: prepare_next_key("ES256"))
    assert rotation.result()
    assert SigningKey.objects.get(state=KeyState.NEXT) == other.result()


def test_a_missing_next_key_is_prepared_once(own_ring):
    make_first_keys()
    SigningKey.objects.filter(state=KeyState.NEXT).delete()
    with holding(lambda: list(SigningKey.objects.select_for_update())) as start:
        prepared = [start(lambda: prepare_next_key("ES256")) for _ in range(2)]
    assert prepared[0].result() == prepared[1].result()


def test_another_process_finds_a_new_key_however_recently_it_looked(user):
    make_first_keys()
    elsewhere = KeyRing()
    elsewhere.all()
    replace_compromised_keys()
    assert elsewhere.get(ring.active().kid)
