"""A real process that dies without a word whenever it handles `killer`: python -m tests.contract.dying KAFKA NAME."""

from __future__ import annotations

import os
import sys

from canairy.settings import KafkaSettings
from canairy.stream.broker import Outgoing
from canairy.stream.kafka import KafkaChannel
from canairy.stream.step import Decoded
from canairy.topics import Topic
from tests.contract.bench import SESSION_S
from tests.contract.stories import Answering, loop_of, run_until

EXIT_CODE = 9


class Dying(Answering):
    """Ends the process as a kill does: no exception, no clean-up, nothing said."""

    def answer(self, decoded: Decoded[bytes]) -> Outgoing:
        if decoded.message == b"killer":
            os._exit(EXIT_CODE)
        return super().answer(decoded)


def main(bootstrap: str, name: str) -> None:
    """Handle the source until `last` has been answered."""
    settings = KafkaSettings(kafka_bootstrap=bootstrap, kafka_session_timeout_s=SESSION_S)
    channel = KafkaChannel(settings, name, [Topic(f"{name}.in", 2)])
    step = Dying(f"{name}.out")
    run_until(loop_of(channel, step), lambda: b"last" in step.handled)


if __name__ == "__main__":
    main(*sys.argv[1:])
