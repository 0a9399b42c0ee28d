// An Express service that believes access tokens of Portcullis. It holds only the public keys.

import express from "express";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const { ISSUER, AUDIENCE = ISSUER, PORT = "8003" } = process.env;
const LEEWAY = 5; // seconds

// Keeps the keys for 5 minutes; asks for an unknown kid too, but at most once in 30 seconds.
const keys = createRemoteJWKSet(new URL(`${ISSUER}/.well-known/jwks.json`), {
  timeoutDuration: 3_000,
  cacheMaxAge: 300_000,
  cooldownDuration: 30_000,
});
const rules = {
  algorithms: ["EdDSA", "ES256", "RS256"], // no HS256: a public key must not pass for a secret
  issuer: ISSUER,
  audience: AUDIENCE,
  typ: "at+jwt",
  requiredClaims: ["sub", "sid", "iat", "exp", "type"],
  clockTolerance: LEEWAY,
};
// What jose throws where the keys cannot be had; whatever is no JOSEError came from the network.
const NO_KEYS = new Set(["ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID", "ERR_JOSE_GENERIC"]);

async function verify(token) {
  const { payload } = await jwtVerify(token, keys, rules);
  if (payload.type !== "access" || typeof payload.sub !== "string")
    throw new errors.JWTInvalid("not an access token");
  if (payload.iat > Date.now() / 1000 + LEEWAY) throw new errors.JWTInvalid("not issued yet");
  return payload;
}

async function authenticate(request, response, next) {
  const [, token] = /^bearer +(\S+)$/i.exec(request.get("Authorization") ?? "") ?? [];
  const refuse = (code, challenge = 'Bearer error="invalid_token"') =>
    response.status(401).set("WWW-Authenticate", challenge).json({ detail: code });

  if (!token) return refuse("not_authenticated", "Bearer");
  try {
    request.claims = await verify(token);
  } catch (error) {
    if (error instanceof errors.JWTExpired) return refuse("token_expired");
    if (error instanceof errors.JOSEError && !NO_KEYS.has(error.code)) return refuse("token_invalid");
    return response.status(503).set("Retry-After", "5").json({ detail: "unavailable" });
  }
  next();
}

const app = express();
app.get("/me", authenticate, ({ claims }, response) => {
  response.json({ sub: claims.sub, roles: claims.roles ?? [] });
});
app.listen(Number(PORT), "127.0.0.1");
