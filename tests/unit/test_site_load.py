"""A site file is loaded whole or not at all, and its writer is told every mistake with its line."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canairy.errors import ConfigurationError
from canairy.site.load import MAX_BYTES, Mistake, check_site, load_site

GOOD = """\
site: {id: dongdaegu-ss, name: Dongdaegu substation, timezone: Asia/Seoul}
cameras:
  - id: cam-01
    source: simulated:yard
    rate_hz: 2
    views:
      - id: bay-3
        hotspot_limit: {high_c: 70}
        assets:
          - id: ds-301-a
            equipment: "0201"
            region: [[210, 120], [300, 120], [300, 260], [210, 260]]
            phase: A
            group: ds-301
            load: bay-3-current
            limits: &limits {high_c: 80, high_high_c: 100, delta_k: 15, on_delay: 10s}
          - id: ds-301-b
            equipment: "0201"
            region: [[310, 120], [400, 120], [400, 260]]
            phase: B
            group: ds-301
            limits: *limits
  - id: files
    source: folder:/frames
    views: [{id: "*"}]
measurements:
  bay-3-current: {unit: A, rated: 1250}
"""


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "site.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def mistakes_of(folder: Path, *changes: tuple[str, str]) -> list[Mistake]:
    """The mistakes of the good file after these replacements."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return check_site(write(folder, text))


def test_a_good_file_is_loaded_with_its_digest(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)

    site = load_site(path)

    first, second = site.cameras[0].views[0].assets
    assert site.digest == hashlib.sha256(GOOD.encode()).hexdigest()[:16]
    assert (site.site.id, site.cameras[0].rate_hz, first.equipment) == ("dongdaegu-ss", 2.0, "0201")
    assert second.limits == first.limits
    assert first.limits.on_delay == timedelta(seconds=10)
    assert check_site(path) == []


def test_every_mistake_is_told_at_once_as_file_line_path_and_message(tmp_path: Path) -> None:
    broken = (
        GOOD.replace("Asia/Seoul", "Asia/Seul").replace("rate_hz: 2", "rate_hz: fast").replace("region", "regoin", 1)
    )
    path = write(tmp_path, broken.replace("load: bay-3-current", "load: bay-4-current"))

    with pytest.raises(ConfigurationError) as caught:
        load_site(path)

    asset = "cameras[0].views[0].assets[0]"
    assert str(caught.value).splitlines() == [
        f"{path}:1: site.timezone: unknown time zone 'Asia/Seul': use a name such as Asia/Seoul",
        f"{path}:5: cameras[0].rate_hz: must be a number, not 'fast'",
        f"{path}:10: {asset}.region: the key 'region' is missing",
        f"{path}:12: {asset}.regoin: unknown key 'regoin', did you mean 'region'?",
        f"{path}:15: {asset}.load: 'bay-4-current' is not among the measurements, did you mean 'bay-3-current'?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "message"),
    [
        ('equipment: "0201"', "equipment: 0201", 11, "equipment", 'must be text: write "0201" in quotes'),
        ('equipment: "0201"', 'equipment: "0299"', 11, "equipment", "'0299' is not an equipment code"),
        ("id: ds-301-a", "id: ds 301 a", 10, "id", "'ds 301 a' is not an identifier"),
        ("[210, 120]", "[210]", 12, "region[0]", "is not a point: write [x, y]"),
        ("[210, 120]", "[210, 120, 3]", 12, "region[0]", "is not a point: write [x, y]"),
        ("[210, 120]", "[-1, 120]", 12, "region[0][0]", "must be at least 0, not -1"),
        ("[210, 120]", "[1.5, 120]", 12, "region[0][0]", "must be a whole number, not 1.5"),
        (", [300, 260], [210, 260]", "", 12, "region", "needs at least 3, has 2"),
        (", [300, 260], [210, 260]", ", [390, 120]", 12, "region", "no area"),
        ("high_c: 80", "high_c: .nan", 16, "limits.high_c", "must be a finite number, not .nan"),
        ("high_c: 80", "high_c: -.inf", 16, "limits.high_c", "must be a finite number, not -.inf"),
        ("high_c: 80", "high_c: true", 16, "limits.high_c", "must be a number, not true"),
        ("high_c: 80", 'high_c: "80"', 16, "limits.high_c", "must be a number, not '80'"),
        ("high_c: 80", "high_c: 120", 16, "limits.high_high_c", "must be above high_c (120"),
        ("on_delay: 10s", "on_delay: 10", 16, "limits.on_delay", "10 is not a duration"),
        ("on_delay: 10s", f"on_delay: {'9' * 400}d", 16, "limits.on_delay", "is too long"),
    ],
)
def test_a_mistake_in_an_asset_is_explained(
    tmp_path: Path, old: str, new: str, line: int, path: str, message: str
) -> None:
    found = mistakes_of(tmp_path, (old, new))

    first = f"cameras[0].views[0].assets[0].{path}"
    assert found[0].line == line
    assert found[0].path == first
    assert message in found[0].message
    # The second asset shares the limits by an alias, so they are wrong there too; nothing else is.
    assert {mistake.path for mistake in found} <= {first, first.replace("assets[0]", "assets[1]")}


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("source: simulated:yard", "source: yard", 4, "'yard' is not a source"),
        ("source: simulated:yard", "source: simulatd:yard", 4, "did you mean 'simulated'?"),
        ("folder:/frames", '"folder:"', 24, "says folder and not where"),
        ("rate_hz: 2", "rate_hz: 0", 5, "must be above 0, not 0"),
        ("rate_hz: 2", "starts_at: 2024-05-01T08:00:00", 5, "has no time zone: write 2024-05-01T08:00:00Z"),
        ("rate_hz: 2", "starts_at: noon", 5, "must be a time such as 2024-05-01T08:00:00Z, not 'noon'"),
        ("rate_hz: 2", "1: 2", 5, "unknown key '1'; known are id, source, rate_hz"),
        ('views: [{id: "*"}]', "views: []", 25, "needs at least 1, has 0"),
        ('views: [{id: "*"}]', "views:", 25, "must be a list, not nothing"),
        ('{id: "*"}', "3", 25, "must be a mapping (lines of `key: value`), not 3"),
        ("{high_c: 70}", "{}", 8, "hotspot_limit needs high_c, over_surroundings_k or both"),
        ("id: bay-3", 'id: "*"', 9, "a view '*' (each file its own view) cannot have registered assets"),
        ("rated: 1250", "rated: .inf", 27, "must be a finite number, not .inf"),
        ("rated: 1250}", "rated: 1250}\nalerting: {coverage_alarm_after: 14s}", 28, "must be at least 15s: with less"),
    ],
)
def test_a_mistake_elsewhere_is_explained(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    found = mistakes_of(tmp_path, (old, new))

    assert len(found) == 1, found
    assert (found[0].line, message in found[0].message) == (line, True), found


def test_a_wrong_choice_is_told_with_what_was_meant(tmp_path: Path) -> None:
    found = mistakes_of(tmp_path, ("phase: A", "consequence: hihg"))

    assert [mistake.message for mistake in found] == [
        "must be 'low', 'medium' or 'high', not 'hihg', did you mean 'high'?"
    ]


@pytest.mark.parametrize(
    ("old", "new", "owner"),
    [
        ("id: ds-301-b", "id: ds-301-a", "asset in line 10"),
        ("id: ds-301-b", "id: cam-01", "camera in line 3"),
        ("id: bay-3", "id: cam-01", "camera in line 3"),
        ("id: files", "id: dongdaegu-ss", "site in line 1"),
        ("id: files", "id: bay-3", "view in line 7"),
    ],
)
def test_one_name_stands_for_one_point(tmp_path: Path, old: str, new: str, owner: str) -> None:
    found = mistakes_of(tmp_path, (old, new))

    assert len(found) == 1
    assert owner in found[0].message


def test_two_single_file_views_are_no_conflict(tmp_path: Path) -> None:
    more = GOOD.replace("measurements:", '  - {id: more, source: "folder:/more", views: [{id: "*"}]}\nmeasurements:')

    assert check_site(write(tmp_path, more)) == []


def test_a_difference_needs_someone_to_differ_from(tmp_path: Path) -> None:
    alone = mistakes_of(tmp_path, ("group: ds-301", "group: ds-302"))
    without = mistakes_of(tmp_path, ("group: ds-301\n", "\n"))

    assert [(it.line, it.message) for it in alone] == [
        (16, "compares with the others of group 'ds-302', and there are none"),
        (16, "compares with the others of group 'ds-301', and there are none"),
    ]
    assert "give the asset a `group`" in without[0].message


def test_a_group_of_one_is_no_group(tmp_path: Path) -> None:
    limits = "limits: &limits {high_c: 80, high_high_c: 100, delta_k: 15, on_delay: 10s}"
    found = mistakes_of(tmp_path, ("group: ds-301\n", "group: other\n"), (limits, "limits: &limits {high_c: 80}"))

    assert [(it.line, it.path.rpartition(".")[2], it.message) for it in found] == [
        (14, "group", "a group needs two assets or more, and 'other' has this one only"),
        (21, "group", "a group needs two assets or more, and 'ds-301' has this one only"),
    ]


def test_the_digest_of_a_file_cannot_stand_in_it(tmp_path: Path) -> None:
    found = mistakes_of(tmp_path, ("measurements:", "digest: 0123456789abcdef\nmeasurements:"))

    assert [(it.line, it.message) for it in found] == [(26, "unknown key 'digest': it is made of this file's bytes")]


def test_a_phase_is_once_in_a_group(tmp_path: Path) -> None:
    found = mistakes_of(tmp_path, ("phase: B", "phase: A"))

    assert [(it.line, it.message) for it in found] == [(20, "phase 'A' is in group 'ds-301' already, in line 13")]


def test_a_load_needs_a_measurement(tmp_path: Path) -> None:
    found = mistakes_of(tmp_path, ("measurements:\n  bay-3-current: {unit: A, rated: 1250}\n", ""))

    assert [(it.line, it.path.rpartition(".")[2]) for it in found] == [(15, "load")]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "the file is empty"),
        ("# nothing\n", 1, "the file is empty"),
        ("~", 1, "holds nothing"),
        ("- a\n", 1, "must be a mapping"),
        ("site: {id: a\ncameras: 3\n", 2, "not YAML"),
        ("site:\n\tid: a\n", 2, "a tab: YAML is indented with spaces"),
        ("site: *nobody\n", 1, "found undefined alias 'nobody'"),
        ("site: {id: a}\n---\nsite: {id: b}\n", 2, "another document"),
        ("site:\n  id: \x01\n", 2, "the character U+0001 cannot stand in YAML"),
        ("site: {id: a}\nsite: {id: b}\n", 2, "the key 'site' is here twice, first in line 1"),
        ("? [1, 2]\n: 3\n", 1, "a key must be a single word"),
        ("site: &a {name: *a}\n", 1, "an alias stands inside its own anchor"),
        ("site:\n  <<: {id: a}\n", 2, "<< is not read here"),
        ("site: !!python/object:os.system [x]\n", 1, "the tag 'python/object:os.system' has no place here"),
        ("site: {id: !secret a}\n", 1, "the tag '!secret' has no place here"),
        ('site: {id: "\\ud800"}\n', 1, "half a character"),
        (f"site: {{id: {'9' * 5000}}}\n", 1, "is not a int"),
        (f"site: {'[' * 60}{']' * 60}\n", 1, "nested too deeply"),
        (f"site: {'[' * 5000}\n", 1, "nested too deeply"),
    ],
)
def test_what_is_no_yaml_is_a_mistake_with_a_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    found = check_site(write(tmp_path, text))

    assert (line, True) in {(mistake.line, message in mistake.message) for mistake in found}, found


def test_aliases_that_stand_for_millions_of_values_are_refused(tmp_path: Path) -> None:
    levels = [f"  - &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 12)]
    path = write(tmp_path, "\n".join(["site:", "  - &a0 [1]", *levels]))

    found = check_site(path)

    assert len(found) == 1
    assert "too many" in found[0].message


def test_what_is_no_text_is_a_mistake_with_a_line(tmp_path: Path) -> None:
    found = check_site(write(tmp_path, b"site:\n  id: \xff\n"))

    assert found == [Mistake(2, "", "the byte 0xff is not UTF-8")]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbf" + GOOD.encode())

    assert check_site(path) == []


def test_a_huge_file_is_not_even_parsed(tmp_path: Path) -> None:
    path = write(tmp_path, b"[" * (MAX_BYTES + 1))

    assert check_site(path) == [Mistake(0, "", f"is larger than {MAX_BYTES} bytes: no site file is")]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"

    with pytest.raises(ConfigurationError, match="cannot be read: No such file") as caught:
        load_site(path)

    assert str(caught.value).startswith(f"{path}: ")


def test_each_mistake_stays_on_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + '"two\\nlines": "also\\nhere"\n')

    with pytest.raises(ConfigurationError) as caught:
        load_site(path)

    assert len(str(caught.value).splitlines()) == 1


VALUES = [
    "",
    "~",
    "3",
    "-1.5",
    ".nan",
    "true",
    "text",
    '"0201"',
    "[]",
    "{}",
    "[[1, 2]]",
    "{id: a}",
    "*limits",
    "2024-05-01",
]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, len(GOOD.splitlines()) - 1), st.sampled_from(VALUES), st.booleans())
def test_whatever_a_line_says_the_answer_is_a_site_or_mistakes(
    tmp_path: Path, number: int, value: str, drop: bool
) -> None:
    lines = GOOD.splitlines()
    lines[number] = "" if drop else f"{lines[number].partition(':')[0]}: {value}"
    path = write(tmp_path, "\n".join(lines))

    mistakes = check_site(path)

    if mistakes:
        with pytest.raises(ConfigurationError):
            load_site(path)
        assert all(0 < mistake.line <= len(lines) + 1 for mistake in mistakes)
    else:
        assert load_site(path).cameras


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_noise_is_never_a_site(tmp_path: Path, noise: bytes) -> None:
    assert check_site(write(tmp_path, noise))


WATCHED = "      - id: bay-3\n"


@pytest.mark.parametrize(
    ("written", "path", "message"),
    [
        ("reference_patch: {region: [[1, 1], [9, 1], [9, 9]], measurement: bay-4-current}", "measurement", "not among"),
        (
            "reference_patch: {region: [[1, 1], [9, 1], [9, 9]]}",
            "reference_patch",
            "either temperature_c or measurement",
        ),
        ("moved_limit_px: 0", "moved_limit_px", "above 0"),
        ("overlay: [[0, 0, 0, 10]]", "overlay[0][2]", "at least 1"),
        ("refrence: bay.png", "refrence", "did you mean"),
    ],
)
def test_how_a_view_is_watched_is_explained(tmp_path: Path, written: str, path: str, message: str) -> None:
    (mistake,) = mistakes_of(tmp_path, (WATCHED, f"{WATCHED}        {written}\n"))

    assert mistake.line == 8
    assert path in mistake.path
    assert message in mistake.message


def test_a_view_may_say_how_it_is_watched(tmp_path: Path) -> None:
    more = (
        "        reference: bay.png\n        moved_limit_px: 12\n        overlay: [[0, 0, 84, 56]]\n"
        "        reference_patch: {region: [[1, 1], [9, 1], [9, 9]], measurement: bay-3-current, tolerance_k: 1}\n"
    )
    view = load_site(write(tmp_path, GOOD.replace(WATCHED, WATCHED + more))).cameras[0].views[0]

    assert (view.reference, view.moved_limit_px, view.overlay) == ("bay.png", 12, ((0, 0, 84, 56),))
    assert view.reference_patch is not None
    assert view.reference_patch.measurement == "bay-3-current"
