"""Outlines written into a site file: what was taught is in it, and all else stands as its writer left it."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canairy.errors import ConfigurationError
from canairy.site.load import check_site, load_site
from canairy.site.teach import Lesson, Outlined, Refused, outlined_of, teach

SQUARE = ((10, 20), (30, 20), (30, 40))
SITE = """\
# The yard.
site: {id: yard-ss}   # one site

cameras:
  - id: cam-01   # north
    source: simulated:demo
    views:
      - id: bay-1
        assets:
          # The old one.
          - id: ds-1
            equipment: "0201"
            region: [[1,2],  [3,2], [3,9]]   # by hand
            phase: A  # red
            group: &ds ds
            limits: &limits {high_c: 80}
          - id: ds-2
            equipment: '0201'
            region:
              - [11, 2]
              - [13, 2]
              # the tip
              - [13, 9]
            group: *ds
            limits: *limits
            # nothing more is known

      # A view of nothing yet.
      - id: bay-2
  # The second camera.
  - {id: cam-02, source: "push:", views: [{id: bay-3,
      assets: [{id: ds-3, equipment: "0201", region: [[1,1],[2,1],[2,2]]}]}, {id: bay-4, assets: []}]}
# The end.
"""


def taught(path: Path, view: str, *outlined: Outlined, camera: str = "cam-01") -> list[str]:
    """The lines that are new and gone after a lesson."""
    before = path.read_text(encoding="utf-8")
    teach(path, Lesson(camera, view, (640, 512), outlined), load_site(path).digest)
    after = path.read_text(encoding="utf-8")
    assert check_site(path) == []
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [f"{line[0]} {line[1:]}" for line in lines if line[:1] in "+-" and line[:3] not in {"+++", "---"}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "site.yaml"
    file.write_text(SITE, encoding="utf-8")
    return file


def test_a_new_asset_stands_behind_the_others_and_no_comment_moves(path: Path) -> None:
    found = taught(path, "bay-1", Outlined("ds-4", "0201", SQUARE, phase="B", group="ds"))

    assert found == [
        "+           - id: ds-4",
        '+             equipment: "0201"',
        "+             region: [[10, 20], [30, 20], [30, 40]]",
        "+             phase: B",
        "+             group: ds",
        "+     size: [640, 512]",
    ]
    assert [it.id for it in load_site(path).cameras[0].views[0].assets] == ["ds-1", "ds-2", "ds-4"]


def test_an_outline_that_was_drawn_anew_replaces_the_old_one_alone(path: Path) -> None:
    found = taught(path, "bay-1", Outlined("ds-1", "0201", SQUARE))

    assert found[:2] == [
        "-             region: [[1,2],  [3,2], [3,9]]   # by hand",
        "+             region: [[10, 20], [30, 20], [30, 40]]   # by hand",
    ]
    assert found[2:] == ["+     size: [640, 512]"]
    first = load_site(path).cameras[0].views[0].assets[0]
    assert (first.region, first.phase, first.group, first.limits.high_c) == (SQUARE, "A", "ds", 80)


def test_an_outline_of_a_line_a_point_is_replaced_whole(path: Path) -> None:
    taught(path, "bay-1", Outlined("ds-2", "0202", SQUARE, phase="B"))

    second = load_site(path).cameras[0].views[0].assets[1]
    assert (second.region, second.equipment, second.phase, second.limits.high_c) == (SQUARE, "0202", "B", 80)


def test_the_first_asset_of_a_view_makes_its_list(path: Path) -> None:
    found = taught(path, "bay-2", Outlined("ds-4", "0201", SQUARE))

    assert '+         assets: [{id: ds-4, equipment: "0201", region: [[10, 20], [30, 20], [30, 40]]}]' in found


@pytest.mark.parametrize(("view", "number"), [("bay-3", 0), ("bay-4", 1)])
def test_what_is_written_in_one_line_stays_in_one_line(path: Path, view: str, number: int) -> None:
    found = taught(path, view, Outlined("ds-4", "0201", SQUARE, group="ds"), camera="cam-02")

    assert [line[:1] for line in found] == ["-", "+", "-", "+"][: len(found)]
    assert load_site(path).cameras[1].views[number].assets[-1].id == "ds-4"


def test_a_lesson_that_says_what_is_known_changes_nothing_but_the_size(path: Path) -> None:
    assert len(taught(path, "bay-1", Outlined("ds-1", "0201", SQUARE))) == 3
    text = path.read_bytes()

    assert taught(path, "bay-1", Outlined("ds-1", "0201", SQUARE)) == []
    assert path.read_bytes() == text


def test_a_file_of_windows_keeps_its_bytes(path: Path) -> None:
    path.write_bytes(SITE.replace("\n", "\r\n").encode())

    taught(path, "bay-1", Outlined("ds-4", "0201", SQUARE))

    assert load_site(path).cameras[0].views[0].assets[2].region == SQUARE


@pytest.mark.parametrize(
    ("outlined", "told"),
    [
        (Outlined("ds-3", "0201", SQUARE), "'ds-3' is the id of the asset"),
        (Outlined("ds 4", "0201", SQUARE), "is not an identifier"),
        (Outlined("ds-4", "0299", SQUARE), "'0299' is not an equipment code"),
        (Outlined("ds-4", "0201", ((1, 1), (2, 2), (3, 3))), "encloses no area"),
        (Outlined("ds-4", "0201", ((1, 1), (640, 1), (3, 3))), "leaves the frame at [640, 1]"),
        (Outlined("ds-4", "0201", SQUARE, group="alone"), "a group needs two assets or more"),
        (Outlined("true", "0201", ()), "needs at least 3, has 0"),
        (Outlined('a"} , b: [', "0201", SQUARE), "is not an identifier"),
    ],
)
def test_a_lesson_with_a_mistake_is_refused_and_the_file_stays(path: Path, outlined: Outlined, told: str) -> None:
    with pytest.raises(Refused) as caught:
        taught(path, "bay-1", outlined)

    assert any(told in mistake.message for mistake in caught.value.mistakes), caught.value.mistakes
    assert all(mistake.line > 0 for mistake in caught.value.mistakes)
    assert path.read_text(encoding="utf-8") == SITE
    assert [it.name for it in path.parent.iterdir()] == ["site.yaml"]


def test_a_file_that_somebody_changed_meanwhile_is_left_alone(path: Path) -> None:
    digest = load_site(path).digest
    path.write_text(SITE + "# and more\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="was changed by somebody else"):
        teach(path, Lesson("cam-01", "bay-1", (640, 512), ()), digest)

    assert path.read_text(encoding="utf-8") == SITE + "# and more\n"


@pytest.mark.parametrize(
    ("camera", "view", "told"),
    [
        ("cam-09", "bay-1", "no camera 'cam-09' in the site file: it has cam-01, cam-02"),
        ("cam-01", "bay-9", "no view 'bay-9' in the site file: it has bay-1, bay-2"),
    ],
)
def test_what_is_not_in_the_file_is_named(path: Path, camera: str, view: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        teach(path, Lesson(camera, view, (640, 512), (Outlined("a", "0201", SQUARE),)), load_site(path).digest)


@pytest.mark.parametrize(
    ("reference", "line"),
    [("frames/a.png", '        reference: "frames/a.png"'), ("a.png", "        reference: a.png")],
)
def test_the_frame_that_was_taught_on_becomes_the_reference_of_its_view_and_comments_stay(
    path: Path, reference: str, line: str
) -> None:
    lesson = Lesson("cam-01", "bay-1", (640, 512), (Outlined("ds-4", "0201", SQUARE),), reference)

    teach(path, lesson, load_site(path).digest)

    after = path.read_text(encoding="utf-8")
    assert load_site(path).cameras[0].views[0].reference == reference
    assert line in after.splitlines()
    assert [it for it in SITE.splitlines() if it not in after.splitlines()] == []


def test_a_reference_is_replaced_where_it_stands(path: Path) -> None:
    path.write_text(SITE.replace("- id: bay-2", "- id: bay-2\n        reference: old.png  # of May"), encoding="utf-8")

    teach(path, Lesson("cam-01", "bay-2", (640, 512), (), "new.png"), load_site(path).digest)

    assert "        reference: new.png  # of May\n" in path.read_text(encoding="utf-8")


def test_what_is_written_by_an_alias_is_left_to_a_person(path: Path) -> None:
    shared = SITE.replace(
        "    views:\n      - id: bay-1", "    views:\n      - id: bay-0\n        assets: &shared []\n      - id: bay-1"
    )
    shared = shared.replace("- id: bay-2", "- id: bay-2\n        assets: *shared")
    path.write_text(shared, encoding="utf-8")

    with pytest.raises(ConfigurationError, match="only a person can change"):
        taught(path, "bay-0", Outlined("ds-4", "0201", SQUARE))

    assert path.read_text(encoding="utf-8") == shared


def test_the_file_keeps_its_permissions_and_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    path.chmod(0o640)
    (tmp_path / "link.yaml").symlink_to(path)

    teach(
        tmp_path / "link.yaml",
        Lesson("cam-01", "bay-1", (640, 512), (Outlined("ds-4", "0201", SQUARE),)),
        load_site(path).digest,
    )

    assert path.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "link.yaml").is_symlink()
    assert "ds-4" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "sent",
    [
        {"equipment": "0201", "region": [[1, 2]]},
        {"id": "a", "equipment": "0201", "region": [[1, 2, 3]]},
        {"id": "a", "equipment": "0201", "region": [["x", "y"]]},
        {"id": "a", "equipment": "0201", "region": 3},
        "text",
    ],
)
def test_what_is_no_outline_is_told_by_its_number(sent: object) -> None:
    with pytest.raises(ConfigurationError, match="outline 1: needs id, equipment and region"):
        outlined_of([sent])  # type: ignore[list-item]


POINTS = st.lists(st.tuples(st.integers(0, 639), st.integers(0, 511)), min_size=3, max_size=5)
IDS = st.sampled_from(["ds-1", "ds-2", "new-1", "new-2", "yes", "1e3"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(IDS, POINTS, st.sampled_from(["", "A", "B", "no", "위상"])), max_size=4, unique_by=lambda it: it[0]
    )
)
def test_any_lesson_is_in_the_file_or_refused_and_every_comment_stays(
    tmp_path: Path, lesson: list[tuple[str, list[tuple[int, int]], str]]
) -> None:
    path = tmp_path / "any.yaml"
    path.write_text(SITE, encoding="utf-8")
    outlined = tuple(Outlined(name, "0102", tuple(points), phase) for name, points, phase in lesson)

    try:
        teach(path, Lesson("cam-01", "bay-1", (640, 512), outlined), load_site(path).digest)
    except Refused:
        assert path.read_text(encoding="utf-8") == SITE
        return

    text = path.read_text(encoding="utf-8")
    assets = {it.id: it for it in load_site(path).cameras[0].views[0].assets}
    for it in outlined:
        assert (assets[it.id].region, assets[it.id].phase or it.phase) == (it.region, it.phase or assets[it.id].phase)
    comments = [line.partition("#")[2] for line in SITE.splitlines() if "#" in line]
    assert [it for it in comments if it not in text] in ([], [" the tip"])
