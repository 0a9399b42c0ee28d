"""Bad input by kind: what is no JSON, no object, no text, not of the type that belongs there."""

JSON = "application/json"
NOT_JSON = [
    *("", "{", "[", '{"email"', '{"email": ', '{"email": "a"', '"', "{]", "{} {}", "tru", "nul"),
    *(
        "{'email': 1}",
        "email=a&password=b",
        "<xml/>",
        "NaN",
        '{"email": NaN}',
        '{"email": Infinity}',
    ),
    *("\ufeff{}", "0x10", "01", '{"email": "\n"}', "9" * 5000, "[" * 20_000, '{"a":' * 10_000),
    *("[" * 20_000 + "]" * 20_000, '{"email":' + "[" * 5000 + "]" * 5000 + "}"),
]
NO_OBJECT = ["[]", "[{}]", '"text"', "1", "1.5", "true", "false", "null", '["email", "a@b.co"]']
OTHER_TYPES = [
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
    "text/json",
    "application/xml",
    "application/octet-stream",
    "application",
    "",
]
OTHER_CHARSETS = ["utf-16", "utf-7", "latin-1", "rot13", "zlib", "hex", "idna", "unicode_escape"]
WRONG_TYPES = [{}, {"$ne": None}, [], ["x"], [[[]]], None, True, False]
NUMBERS = ["0", "12", "-1.5", "1e400", "-1e400", "123456789012345678901234567890"]
WRONG_FLAGS = [{}, [], None, "maybe", 2, float("inf"), ""]
INJECTIONS = [
    *("' OR '1'='1", "'; DROP TABLE accounts_user; --", 'x" or 1=1 --', "%s%s%n", "$(id)", "`id`"),
    *(
        "{{7*7}}",
        "${7*7}",
        "{% debug %}",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "\r\nX: y",
    ),
]
