"""`canairy site teach`: a real server on loopback, asked as a browser asks it; the site file keeps its comments."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from canairy.messages.thermogram import KELVIN
from canairy.simulator.yard.scenes import simulate
from canairy.site.load import check_site, load_site
from deploy.local.models import DETECTOR, REPOSITORY
from tests.acceptance.helpers.command import CANAIRY, canairy, environment, json_lines

SITE = """\
# The yard, as it was written by hand.
site: {id: yard-ss}
cameras:
  - id: cam-01   # north
    source: folder:frames
    scale: {scale_k: 0.1, offset_c: -100}
    views:
      - id: bay-1
        assets:
          - id: ds-1   # the oldest
            equipment: "0201"
            region: [[1,2], [30,2], [30,9]]
            limits: {high_c: 80}
"""
SQUARE = [[40, 40], [60, 40], [60, 60], [40, 60]]


@dataclass(frozen=True)
class Page:
    """What a browser has: the page's address, and the site file behind it."""

    url: str
    file: Path

    def get(self, name: str = "", **headers: str) -> tuple[int, bytes, dict[str, str]]:
        return self._ask("GET", name, None, headers)

    def post(self, name: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:  # noqa: ANN401 - JSON
        known = {"Content-Type": "application/json"} | headers
        status, content, _ = self._ask("POST", name, json.dumps(body).encode(), known)
        return status, json.loads(content)

    def lesson(self) -> dict[str, Any]:
        lesson: dict[str, Any] = json.loads(self.get("lesson.json")[1])
        return lesson

    def _ask(
        self, method: str, name: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        place = urlsplit(self.url)
        with closing(http.client.HTTPConnection(place.netloc, timeout=30)) as connection:
            connection.request(method, place.path + name, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A site file beside a reference frame of 160x128 pixels, 0.1 K a count."""
    counts = (1200 + np.arange(128)[:, None] + np.zeros((128, 160))).astype(np.uint16)
    assert cv2.imwrite(str(tmp_path / "reference.png"), counts)
    path = tmp_path / "site.yaml"
    path.write_text(SITE, encoding="utf-8")
    return path


@pytest.fixture
def page(file: Path) -> Iterator[Page]:
    command = [str(CANAIRY), *arguments(file), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), text=True) as server:
        assert server.stdout is not None
        try:
            yield Page(json.loads(server.stdout.readline())["url"], file)
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(30) == 0


def arguments(file: Path, reference: str = "reference.png") -> list[str]:
    lesson = ["--camera", "cam-01", "--view", "bay-1", "--reference", str(file.parent / reference)]
    return ["site", "teach", str(file), *lesson]


def test_the_page_shows_the_frame_its_temperatures_and_what_is_registered(page: Page) -> None:
    status, html, headers = page.get()
    lesson = page.lesson()
    picture = cv2.imdecode(np.frombuffer(page.get("picture.png")[1], np.uint8), cv2.IMREAD_COLOR)
    celsius = np.frombuffer(page.get("celsius")[1], "<f4").reshape(128, 160)

    assert (status, b"<canvas" in html, b"http" in html) == (200, True, False)
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert page.get("page.js")[0] == page.get("page.css")[0] == 200
    assert (lesson["width"], lesson["height"], lesson["temperatures"]) == (160, 128, True)
    assert [(it["id"], it["region"]) for it in lesson["assets"]] == [("ds-1", [[1, 2], [30, 2], [30, 9]])]
    assert picture is not None
    assert picture.shape == (128, 160, 3)
    assert celsius[100, 5] == pytest.approx(30.0, abs=1e-3)


def test_an_outline_is_written_back_with_comments_kept_and_the_frames_size_beside_it(page: Page) -> None:
    new = {"id": "ds-2", "equipment": "0201", "region": SQUARE, "phase": "B"}

    status, answer = page.post("save", {"digest": page.lesson()["digest"], "assets": [new]})

    assert (status, answer["digest"]) == (200, load_site(page.file).digest)
    text = page.file.read_text(encoding="utf-8")
    assert text == SITE + (
        "          - id: ds-2\n"
        '            equipment: "0201"\n'
        "            region: [[40, 40], [60, 40], [60, 60], [40, 60]]\n"
        "            phase: B\n"
        "    size: [160, 128]\n"
    )
    assert check_site(page.file) == []
    assert [it["id"] for it in page.lesson()["assets"]] == ["ds-1", "ds-2"]


def test_an_outline_that_does_not_check_is_refused_with_its_mistakes_and_the_file_stays(page: Page) -> None:
    outside = {"id": "ds-2", "equipment": "0201", "region": [[40, 40], [160, 40], [60, 60]]}

    status, answer = page.post("save", {"digest": page.lesson()["digest"], "assets": [outside]})

    assert status == 422
    assert [(it["line"], it["path"]) for it in answer["mistakes"]] == [(16, "cameras[0].views[0].assets[1].region")]
    assert "leaves the frame at [160, 40]" in answer["mistakes"][0]["message"]
    assert page.file.read_text(encoding="utf-8") == SITE


def test_a_file_that_was_changed_by_hand_meanwhile_is_not_overwritten(page: Page) -> None:
    digest = page.lesson()["digest"]
    page.file.write_text(SITE + "# more\n", encoding="utf-8")

    status, answer = page.post("save", {"digest": digest, "assets": []})

    assert status == 409
    assert "was changed by somebody else" in answer["error"]
    assert page.file.read_text(encoding="utf-8") == SITE + "# more\n"


def test_no_other_page_can_write_or_read(page: Page) -> None:
    body = {"digest": page.lesson()["digest"], "assets": [{"id": "ds-2", "equipment": "0201", "region": SQUARE}]}
    place = urlsplit(page.url)
    without = Page(f"http://{place.netloc}/", page.file)
    guessed = Page(f"http://{place.netloc}/{'a' * 32}/", page.file)

    answers = [
        without.post("save", body)[0],
        guessed.post("save", body)[0],
        without.get()[0],
        without.get("lesson.json")[0],
        guessed.get("picture.png")[0],
        page.post("save", body, Origin="http://evil.example")[0],
        page.post("save", body, Host=f"evil.example:{place.port}")[0],
        page.post("save", body, **{"Content-Type": "text/plain"})[0],
        page.get("lesson.json", Host="evil.example")[0],
        page.get("../site.yaml")[0],
    ]

    assert answers == [404, 404, 404, 404, 404, 403, 403, 415, 403, 404]
    assert page.file.read_text(encoding="utf-8") == SITE


@pytest.mark.parametrize(
    ("body", "status"),
    [([], 400), ({}, 409), ({"digest": "x", "assets": [3]}, 409), ({"digest": 3, "assets": []}, 409)],
)
def test_what_is_no_lesson_is_refused_in_words(page: Page, body: object, status: int) -> None:
    found, answer = page.post("save", body)

    assert (found, bool(answer["error"])) == (status, True)
    assert page.file.read_text(encoding="utf-8") == SITE


def test_done_ends_the_command(file: Path) -> None:
    with subprocess.Popen(
        [str(CANAIRY), *arguments(file), "--json"], stdout=subprocess.PIPE, env=environment()
    ) as server:
        assert server.stdout is not None
        page = Page(json.loads(server.stdout.readline())["url"], file)

        assert page.post("done", {}) == (200, {})
        assert server.wait(30) == 0


def test_proposals_of_a_detector_are_written_without_a_page(file: Path) -> None:
    frame = simulate(123, 2)
    hundredths = np.round(frame.counts * frame.scale_k * 100 + (frame.offset_k * 100)).astype(np.uint16)
    assert cv2.imwrite(str(file.parent / "yard.png"), hundredths)
    file.write_text(
        SITE.replace("scale_k: 0.1, offset_c: -100", f"scale_k: 0.01, offset_c: -{KELVIN}"), encoding="utf-8"
    )

    run = canairy(*arguments(file, "yard.png"), "--propose", str(REPOSITORY / DETECTOR), "--accept", "--json")

    (told,) = json_lines(run.stdout)
    view = load_site(file).cameras[0].views[0]
    assert (run.returncode, told["written"]) == (0, len(view.assets) - 1)
    assert told["written"] > 0
    assert [it.id for it in view.assets[1:]] == [
        f"bay-1-{it.equipment}-{it.id.rpartition('-')[2]}" for it in view.assets[1:]
    ]
    assert load_site(file).cameras[0].size == (640, 512)
    assert "# the oldest" in file.read_text(encoding="utf-8")


def yard(file: Path) -> Path:
    """Beside the site file a frame that a view can be recognised by, 0.1 K a count from -100 degC."""
    frame = simulate(123, 2)
    celsius = frame.counts * frame.scale_k + frame.offset_k - KELVIN
    (file.parent / "frames").mkdir(exist_ok=True)
    assert cv2.imwrite(str(file.parent / "frames" / "yard.png"), np.rint((celsius + 100) * 10).astype(np.uint16))
    return file.parent / "frames" / "yard.png"


def taught(file: Path, reference: str) -> str:
    """What the site file says once proposals are accepted, and what was remarked."""
    run = canairy(*arguments(file, reference), "--propose", str(REPOSITORY / DETECTOR), "--accept")
    assert run.returncode == 0, run.stderr
    assert canairy("site", "check", str(file)).returncode == 0
    return run.stderr


def test_the_frame_that_was_taught_on_becomes_the_views_reference_with_comments_kept(file: Path) -> None:
    yard(file)

    assert "reference" not in taught(file, "frames/yard.png")

    view = load_site(file).cameras[0].views[0]
    assert view.reference == "frames/yard.png"
    assert [line for line in SITE.splitlines() if line not in file.read_text(encoding="utf-8").splitlines()] == []


def test_a_frame_from_elsewhere_is_named_by_its_whole_path_and_replaces_an_older_one(file: Path) -> None:
    elsewhere = yard(file).rename(file.parent / "yard.png")
    (file.parent / "site").mkdir()
    moved = file.rename(file.parent / "site" / "site.yaml")
    moved.write_text(SITE.replace("- id: bay-1", "- id: bay-1\n        reference: old.png  # of May"), encoding="utf-8")

    taught(moved, "../yard.png")

    assert f'        reference: "{elsewhere}"  # of May\n' in moved.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "frame", "why"),
    [
        (("id: bay-1", "id: bay-1\n        reference: none"), "frames/yard.png", "nobody watches this view"),
        (("", ""), "reference.png", "it shows too little to recognise the view by"),
        (("    views:", '    temperatures: "none"\n    views:'), "frames/yard.png", "yard.png: 16-bit"),
    ],
)
def test_a_frame_that_can_be_no_reference_is_told_and_the_site_file_says_what_it_said(
    file: Path, change: tuple[str, str], frame: str, why: str
) -> None:
    yard(file)
    file.write_text(SITE.replace(*change), encoding="utf-8")
    before = load_site(file).cameras[0].views[0].reference

    assert why in taught(file, frame)
    assert load_site(file).cameras[0].views[0].reference == before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (["--camera", "cam-9"], "no camera 'cam-9': it has cam-01"),
        (["--view", "bay-9"], "cam-01 has no view 'bay-9'"),
        (["--reference", "none.tif"], "none.tif"),
        (["--propose", "yolo"], "no model 'yolo'"),
    ],
)
def test_what_is_not_there_is_named(file: Path, change: list[str], told: str) -> None:
    run = canairy(*arguments(file), *change)

    assert (run.returncode, run.stdout) == (1, "")
    assert told in run.stderr
    assert "Traceback" not in run.stderr


def test_a_reference_of_another_size_than_the_cameras_is_refused(file: Path) -> None:
    file.write_text(SITE.replace("    views:", "    size: [640, 512]\n    views:"), encoding="utf-8")

    run = canairy(*arguments(file))

    assert run.returncode == 1
    assert "160x128 pixels, and cam-01's frames are 640x512" in run.stderr
