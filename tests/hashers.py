"""The shipped password hasher with the least work that Argon2 allows: half of the suite's time was
hashing. What the shipped one does is tested with `shipped_hasher`."""

from accounts.hashers import Argon2idHasher


class LeastArgon2idHasher(Argon2idHasher):
    time_cost = 1
    memory_cost = 8  # KiB
