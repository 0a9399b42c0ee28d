"""Several processes that migrate at the same moment."""

import pytest

from tests.races.crowd import all_at_once
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
