"""How the API's documentation describes our authentication."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from tokens import cookies


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "tokens.authentication.TokenAuthentication"
    name = ["bearer", "cookie"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            {"type": "apiKey", "in": "cookie", "name": cookies.ACCESS.name},
        ]
