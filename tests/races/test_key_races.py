"""Several processes that migrate, or rotate, at the same moment."""

from functools import partial

import pytest

from tests.races.crowd import all_at_once
from tokens.flows import replace_compromised_keys, rotate_key
from tokens.flows.keys import make_first_keys
from tokens.keyring import ring
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


def test_keys_that_are_compromised_twice_at_once_are_replaced():
    SigningKey.objects.all().delete()
    make_first_keys()
    before = set(SigningKey.objects.values_list("kid", flat=True))

    refused = all_at_once(*[replace_compromised_keys] * 4)

    assert before <= set().union(*refused)
    states = list(
        SigningKey.objects.exclude(state=KeyState.RETIRED).values_list("state", flat=True)
    )
    assert sorted(states) == [KeyState.ACTIVE, KeyState.NEXT]
