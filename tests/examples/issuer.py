"""A live server of ours that signs with ES256, and tokens as its clients and forgers hold them."""

import json
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization

from tests.browser.site import PROJECT, Site
from tests.doors import PASSWORD
from tests.examples.signing import EMAIL, SIGNED
from tests.tokens import forge

FORGED = (
    "refresh",
    "tampered",
    "unsigned",
    "HS256 with the public key as its secret",
    "of an unknown key",
    "nonsense",
)
FLAWS = (*SIGNED, *FORGED)


@dataclass(frozen=True)
class Login:
    access: str
    refresh: str

    @property
    def header(self) -> dict[str, Any]:
        return forge.unpack(self.access)[0]

    @property
    def claims(self) -> dict[str, Any]:
        return forge.unpack(self.access)[1]


class Issuer:
    def __init__(self, site: Site) -> None:
        self.url = site.url
        self.rotate = lambda: site.manage("rotatesigningkey")
        signed = subprocess.run(
            [sys.executable, "-m", "tests.examples.signing"],
            cwd=PROJECT, env=site.environment, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.flawed = {**json.loads(signed.stdout), **self._forge(self.log_in())}

    def log_in(self) -> Login:
        body = {"email": EMAIL, "password": PASSWORD, "transport": "bearer"}
        answer = self._ask("/api/auth/login", body)
        return Login(answer["access"], answer["refresh"])

    def _forge(self, login: Login) -> dict[str, str]:
        """By FORGED: what everybody can make of a good token and the public keys."""
        header, claims = login.header, login.claims
        admin = json.dumps({**claims, "roles": ["admin"]}).encode()
        unsigned = forge.sign({**header, "alg": "none"}, claims, secret=b"").rpartition(".")[0]
        confused = {**header, "alg": "HS256"}
        made = (
            login.refresh,
            forge.with_part(login.access, 1, forge.encode(admin)),
            f"{unsigned}.",
            forge.sign(confused, claims, secret=self._public_key(header["kid"])),
            forge.sign({**header, "kid": "0123456789abcdef"}, claims, secret=b"secret"),
            "nonsense",
        )
        return dict(zip(FORGED, made, strict=True))

    def _public_key(self, kid: str) -> bytes:
        keys = jwt.PyJWKSet.from_dict(self._ask("/.well-known/jwks.json"))
        pem = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        return keys[kid].key.public_bytes(*pem)

    def _ask(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self.url.replace("localhost", "127.0.0.1") + path,
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)
