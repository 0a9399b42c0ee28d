"""Where an address is: as far as the operator's file knows, and nowhere else is asked."""

import pytest
from django.core.checks import run_checks
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from portcullis.places import place_of, reader
from tests.doors import Api, shown

LONDON = {"city": {"names": {"en": "London"}}, "country": {"names": {"en": "United Kingdom"}}}


@pytest.fixture
def gazetteer(settings, tmp_path):
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="GeoLite2-City")
    writer.insert_network(IPSet(["198.51.100.0/24"]), LONDON)
    writer.insert_network(IPSet(["2001:db8::/32"]), {"country": LONDON["country"]})
    path = tmp_path / "places.mmdb"
    writer.to_db_file(str(path))
    settings.PORTCULLIS = {**settings.PORTCULLIS, "GEOIP_DATABASE": str(path)}
    yield
    reader(str(path)).close()
    reader.cache_clear()


@pytest.mark.parametrize(
    ("ip", "place"),
    [
        ("198.51.100.7", "London, United Kingdom"),
        ("2001:db8::7", "United Kingdom"),
        ("203.0.113.7", ""),
        (None, ""),
    ],
)
@pytest.mark.usefixtures("gazetteer")
def test_an_address_has_the_place_that_the_file_says(ip, place):
    assert place_of(ip) == place


def test_without_a_file_there_are_no_places():
    assert place_of("198.51.100.7") == ""


@pytest.mark.usefixtures("gazetteer")
def test_the_sessions_page_names_the_place(user, pages):
    api = Api()
    api.client.defaults["REMOTE_ADDR"] = "198.51.100.7"
    api.login(transport="bearer")
    pages.log_in()
    assert "London, United Kingdom · 198.51.100.7" in shown(pages.visit("/accounts/sessions/"))


def test_a_file_that_knows_no_ipv6_withholds_no_page(settings, tmp_path, pages, user):
    writer = MMDBWriter(ip_version=4)
    writer.insert_network(IPSet(["198.51.100.0/24"]), LONDON)
    writer.to_db_file(str(tmp_path / "four.mmdb"))
    settings.PORTCULLIS = {**settings.PORTCULLIS, "GEOIP_DATABASE": str(tmp_path / "four.mmdb")}
    assert place_of("2001:db8::7") == ""
    assert "portcullis.E007" in {message.id for message in run_checks()}
    reader.cache_clear()


def test_a_file_that_cannot_be_read_is_reported(settings, tmp_path):
    (tmp_path / "broken.mmdb").write_bytes(b"no such format")
    for path in (tmp_path / "missing.mmdb", tmp_path / "broken.mmdb"):
        settings.PORTCULLIS = {**settings.PORTCULLIS, "GEOIP_DATABASE": str(path)}
        assert "portcullis.E007" in {message.id for message in run_checks()}
