"""The one Kafka node of the local stack, as the machine and an administrator see it."""

from __future__ import annotations

import subprocess
import sys

import psutil
from kafka.admin import ConfigResource, ConfigResourceType

from deploy.local.jars import ensure_jars
from deploy.local.topics import open_admin
from tests.acceptance.helpers.command import environment
from tests.acceptance.helpers.stack import SHARE, RunningStack


def test_it_is_apache_kafka_4_with_half_a_gigabyte_of_heap(stack: RunningStack) -> None:
    assert list(ensure_jars().glob("kafka_2.13-4.*.jar"))
    assert "-Xmx512m" in psutil.Process(stack.file.pids["kafka"]).cmdline()


def test_it_makes_no_topic_that_is_misspelt(stack: RunningStack) -> None:
    with open_admin(stack.kafka) as admin:
        answer = admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")], config_filter="all")
    (settings,) = answer["broker"].values()

    assert settings["auto.create.topics.enable"]["value"] == "false"


def test_the_step_that_makes_the_topics_is_a_program_too(stack: RunningStack) -> None:
    settings = environment(CANAIRY_KAFKA_BOOTSTRAP=stack.stack.bootstrap, CANAIRY_TOPIC_SHARE=str(SHARE))

    done = subprocess.run(
        [sys.executable, "-m", "deploy.local.topics"], check=True, capture_output=True, text=True, env=settings
    )

    assert done.stdout == "topics: 0 created, 0 changed\n"
