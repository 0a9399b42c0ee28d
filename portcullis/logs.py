"""What must never reach a log line."""

import logging
import re

PRESENTABLE = re.compile(r"(token=)[^&\s\"']+")


class StripTokens(logging.Filter):
    """Blank the value of every `token=` in a logged request line or path."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = PRESENTABLE.sub(r"\1...", record.getMessage()), ()
        return True
