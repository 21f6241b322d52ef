"""Logs are one JSON object a line, however many threads write at once."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import logging, threading
from canairy.log import configure_logging, get_logger
configure_logging("bench", "INFO")
def chatter(name):
    for number in range(200):
        get_logger().info("turn", thread=name, number=number)
        logging.getLogger("other").info("from the standard library")
threads = [threading.Thread(target=chatter, args=(name,)) for name in "abcdef"]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_lines_of_many_threads_do_not_mix() -> None:
    done = subprocess.run([sys.executable, "-u", "-c", PROGRAM], capture_output=True, text=True, check=True)

    lines = [json.loads(line) for line in done.stdout.splitlines()]

    assert len(lines) == 6 * 200 * 2
    assert {line["service"] for line in lines} == {"bench"}
