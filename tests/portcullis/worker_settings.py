"""The suite's settings for a worker in a process of its own: lost tasks are found at once."""

from tests.settings import *  # noqa: F403
from tests.settings import PORTCULLIS

PORTCULLIS = {**PORTCULLIS, "TASK_STALLED_AFTER": 1}
