"""The running stacks that the acceptance tests share. Stories on the shared stack come last, so that the others, which
start stacks of their own, do not run beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.helpers.demo import demo_data, demo_run  # noqa: F401 - fixtures
from tests.acceptance.helpers.site import SIMULATED, write_site
from tests.acceptance.helpers.stack import RunningStack, running

HERE = Path(__file__).parent
STACKS = {"stack", "private", "reloaded", "thermograms", "rough", "pair", "demo_run", "demo_data"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [index for index, item in enumerate(items) if HERE in item.path.parents]
    stories = [items[index] for index in ours]
    for item in stories:
        if STACKS & set(getattr(item, "fixturenames", ())):
            item.add_marker("kafka")
    stories.sort(key=lambda item: "stack" in getattr(item, "fixturenames", ()))
    for index, item in zip(ours, stories, strict=True):
        items[index] = item


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack on the simulated site, shared by all stories that leave it whole."""
    folder = tmp_path_factory.mktemp("stack")
    with running(write_site(folder / "site"), folder / "data", SIMULATED) as up:
        yield up
    shutil.rmtree(folder, ignore_errors=True)
