"""The shipped password hasher with the least work that Argon2 allows: half of the suite's time was
hashing. What the shipped one does is tested with `shipped_hasher`."""

from accounts.hashers import Argon2idHasher, BCryptSHA256Hasher, PBKDF2Hasher


class LeastArgon2idHasher(Argon2idHasher):
    time_cost = 1
    memory_cost = 8  # KiB


class LittleBCryptSHA256Hasher(BCryptSHA256Hasher):
    rounds = 5


class LittlePBKDF2Hasher(PBKDF2Hasher):
    iterations = 1000


LITTLE = [
    f"{each.__module__}.{each.__name__}"
    for each in (LeastArgon2idHasher, LittleBCryptSHA256Hasher, LittlePBKDF2Hasher)
]
"""For settings.PASSWORD_HASHERS where older algorithms are hashed with."""
