"""Bad input, on every endpoint that takes some: refused in one shape, and nothing is stored.

`ROUTES` is the table. A route that is mounted without a row there fails here.
"""

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from tests.doors import Api, fields
from tests.portcullis.nonsense import (
    INJECTIONS,
    JSON,
    NO_OBJECT,
    NOT_JSON,
    NUMBERS,
    OTHER_CHARSETS,
    OTHER_TYPES,
    WRONG_FLAGS,
    WRONG_TYPES,
)
from tests.portcullis.routes import (
    ROUTES,
    UNSAFE,
    WITH_BODY,
    client_for,
    in_shape,
    methods,
    mounted,
    row_counts,
    send,
    send_json,
)

pytestmark = pytest.mark.usefixtures("user")

every_route = pytest.mark.parametrize("name", ROUTES)
every_body = pytest.mark.parametrize("name", WITH_BODY)


def wrong(api, name, cases, *, status, attr=None):
    """Send all cases; those that were not refused as they should be, or that changed a row."""
    before = row_counts()
    found = []
    for label, case in cases:
        raw, *rest = case if isinstance(case, tuple) else (case,)
        answer = send(api, name, raw, *rest)
        as_it_should = answer.status_code in status and in_shape(answer)
        if as_it_should and attr is not None:
            as_it_should = attr in {named.partition(".")[0] for named in fields(answer)}
        if not as_it_should:
            found.append((str(label)[:60], answer.status_code, answer.content[:200]))
    return found + [f"rows in {table}" for table, _ in set(row_counts()) ^ set(before)]


def test_every_mounted_route_has_a_row_in_the_table():
    taking = {
        f"{method} {path}" for path, view in mounted() for method in methods(view) & set(UNSAFE)
    }
    assert taking == set(ROUTES)


@every_body
def test_what_is_no_json(name):
    # An empty body counts as no field at all.
    cases = [(raw, raw.encode()) for raw in NOT_JSON if raw]
    assert wrong(client_for(name), name, cases, status={400}) == []


@every_body
def test_json_that_is_no_object(name):
    cases = [(raw, raw.encode()) for raw in NO_OBJECT]
    assert wrong(client_for(name), name, cases, status={400}) == []


@every_body
def test_another_content_type(name):
    raw = json.dumps(ROUTES[name].body).encode()
    cases = [(other, (raw, other)) for other in OTHER_TYPES]
    assert wrong(client_for(name), name, cases, status={415}) == []


@every_body
def test_a_form_that_django_itself_would_refuse(name):
    """The CSRF check reads forms too, so their errors must not surface as ours."""
    fields_ = "&".join(f"f{number}=1" for number in range(2000)).encode()
    parts = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" * 1100 + b"--x--\r\n"
    cases = [
        ("too many fields", (fields_, "application/x-www-form-urlencoded")),
        ("too many parts", (parts, "multipart/form-data; boundary=x")),
        ("boundary not ascii", (b"--x--", "multipart/form-data; boundary=\u00e9")),
        ("truncated", (b"--x\r\nContent-Dispo", "multipart/form-data; boundary=x")),
    ]
    assert wrong(client_for(name), name, cases, status={413, 415}) == []


@every_body
def test_what_is_no_utf_8(name):
    body = ROUTES[name].body
    cases = [
        ("latin-1", json.dumps({**body, "x": "\u00e9"}, ensure_ascii=False).encode("latin-1")),
        ("truncated", b'{"x": "\xe4\xb8'),
        ("overlong", b'{"x": "\xc0\xaf"}'),
        ("surrogates in utf-8", b'{"x": "\xed\xa0\x80"}'),
        ("utf-16 unannounced", json.dumps(body).encode("utf-16")),
    ]
    assert wrong(client_for(name), name, cases, status={400}) == []


@every_body
def test_another_charset(name):
    """JSON between systems is UTF-8 (RFC 8259, 8.1): nothing in front of us reads it otherwise."""
    body = json.dumps(ROUTES[name].body)
    spelt = {"utf-16": body.encode("utf-16"), "utf-7": body.encode("utf-7")}
    cases = [
        (charset, (spelt.get(charset, body.encode()), f"{JSON}; charset={charset}"))
        for charset in OTHER_CHARSETS
    ]
    assert wrong(client_for(name), name, cases, status={400, 415}) == []


@every_body
@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
def test_utf_8_may_be_said(name, charset):
    raw = json.dumps({"surprise": 1})
    answer = send(client_for(name), name, raw, f"{JSON}; charset={charset}")
    assert (answer.status_code, fields(answer)) == (400, {"surprise"})


@every_body
def test_a_missing_field_is_named(name):
    api, route = client_for(name), ROUTES[name]
    for field in route.required:
        for raw in (json.dumps(route.without(field)), json.dumps({**route.body, field: None})):
            assert wrong(api, name, [(field, raw)], status={400}, attr=field) == []
    if route.required:
        nothing = send(api, name, "")
        assert nothing.status_code == 400
        assert fields(nothing) == route.required


@every_body
def test_an_unknown_field_is_named(name):
    api, route = client_for(name), ROUTES[name]
    for field in (
        "surprise",
        "is_staff",
        "user_id",
        "__proto__",
        "E\u0301mail",
        " email",
        "x" * 90,
    ):
        raw = json.dumps({**route.body, field: 1})
        assert wrong(api, name, [(field, raw)], status={400}, attr=field) == []


@every_body
def test_names_that_are_no_text(name):
    """A name is repeated in the refusal: one that cannot be encoded must not break that."""
    cases = [
        ("lone surrogate", b'{"\\ud800": 1}'),
        ("reversed surrogates", b'{"\\udc00\\ud800": 1}'),
        ("NUL", b'{"\\u0000": 1}'),
        ("empty", b'{"": 1}'),
        ("very long", json.dumps({"x" * 60_000: 1}).encode()),
        ("very many", json.dumps({f"x{number}": 1 for number in range(5000)}).encode()),
    ]
    assert wrong(client_for(name), name, cases, status={400}) == []


@every_body
def test_a_name_twice(name):
    """Whoever stands before us may read the first, and we the last."""
    api, route = client_for(name), ROUTES[name]
    whole = json.dumps(route.body)
    for field, value in route.body.items():
        twice = f'{{"{field}": {json.dumps(value)}, {whole[1:]}'
        assert wrong(api, name, [(field, twice)], status={400}) == []


@every_body
def test_values_that_are_no_text_are_named(name):
    api, route = client_for(name), ROUTES[name]
    for field in route.body:
        rest = json.dumps(route.without(field))[1:]
        comma = ", " if len(rest) > 1 else ""
        cases = [
            (value, f'{{"{field}": {value}{comma}{rest}')
            for value in ('"\\u0000"', '"a\\u0000b@example.com"', '"\\ud800"', '"\\udc00x"')
        ]
        assert wrong(api, name, cases, status={400}, attr=field) == []


@every_body
def test_values_of_another_type_are_named(name):
    api, route = client_for(name), ROUTES[name]
    for field, sample in route.body.items():
        values = WRONG_FLAGS if isinstance(sample, bool) else WRONG_TYPES
        cases = [
            (value, json.dumps({**route.body, field: value}).replace("Infinity", "1e400"))
            for value in values
            if not (value == [] and isinstance(sample, list))
            and not (value is None and field in route.nullable)
        ]
        assert wrong(api, name, cases, status={400}, attr=field) == []


@every_body
def test_a_number_where_text_belongs_is_named(name):
    api, route = client_for(name), ROUTES[name]
    for field, sample in route.body.items():
        if isinstance(sample, str):
            whole = json.dumps({**route.body, field: "NUMBER"})
            cases = [(number, whole.replace('"NUMBER"', number)) for number in NUMBERS]
            assert wrong(api, name, cases, status={400}, attr=field) == []


@every_body
def test_values_that_are_too_long_are_named(name):
    api, route = client_for(name), ROUTES[name]
    for field in route.body:
        cases = [
            (len(value), json.dumps({**route.body, field: value}))
            for value in ("x" * 20_000, "x" * 19_988 + "@example.com", "\N{ROCKET}" * 5000)
        ]
        assert wrong(api, name, cases, status={400}, attr=field) == []


@every_body
def test_sql_and_templates_change_nothing(name):
    api, route = client_for(name), ROUTES[name]
    for field in route.body.keys() - route.anything:
        cases = [(text, json.dumps({**route.body, field: text})) for text in INJECTIONS]
        assert wrong(api, name, cases, status={400, 401}) == []


@every_route
def test_a_body_over_the_limit(name):
    api = client_for(name)
    too_much = b'{"x": "' + b"x" * (64 * 1024 + 1 - 9) + b'"}'
    assert len(too_much) == 64 * 1024 + 1
    for content_type in (JSON, "text/plain", "multipart/form-data; boundary=x"):
        assert wrong(api, name, [("over", (too_much, content_type))], status={413}) == []
    if ROUTES[name].body:
        assert (
            wrong(api, name, [("at the limit", too_much.replace(b"xx", b"x", 1))], status={400})
            == []
        )


IGNORES_ITS_BODY = {"DELETE auth/sessions", "DELETE users/profile", "POST auth/reopen"}


@pytest.mark.parametrize("name", sorted(ROUTES.keys() - WITH_BODY.keys() - IGNORES_ITS_BODY))
def test_a_body_where_none_belongs(name):
    cases = [(raw, raw.encode()) for raw in (*NOT_JSON, *NO_OBJECT)]
    cases += [(other, (b"--x", other)) for other in OTHER_TYPES]
    assert wrong(client_for(name), name, cases, status={400, 401, 404, 415}) == []


# Whatever JSON there may be -----------------------------------------------------------------------

words = st.text(st.characters(), max_size=40)  # surrogates too
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("name", ["POST auth/login", "POST auth/register", "POST auth/refresh"])
@bounded(
    max_examples=50,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_json_at_all_breaks_anything(name, data):
    known = st.fixed_dictionaries({}, optional=dict.fromkeys(ROUTES[name].body, values | words))
    body = data.draw(known | values)
    answer = send_json(Api().fetch_csrf(), name, body)
    assert answer.status_code in {400, 401}
    assert in_shape(answer)
