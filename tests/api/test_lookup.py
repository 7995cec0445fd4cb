from __future__ import annotations

import pytest

from flowsync.api.endpoints import Access, Listing, Map, Versions, find_missing, reread, versions, with_version
from flowsync.api.rows import live_flow
from flowsync.errors import ApiError, ForbiddenError, NotFoundError, RejectedError, ServerError, UnreadableResponseError
from flowsync.model import JsonValue
from tests.api.readers import PathReader, eager_map, raw

VERSIONS, SLUG, PUBLIC = "/v1/flows/flow_a/versions", "/v1/flows/flow_a", "/v1/public/flows/flow_a"
LIST, PUBLIC_LIST = "/v1/flows", "/v1/public/flows"
Answers = dict[str, "JsonValue | ApiError"]


def listing(*rows: dict[str, JsonValue], access: Access = Access.PRIVATE) -> Listing:
    return Listing(tuple(live_flow(row) for row in rows), access)


def ids(found: Listing) -> list[int]:
    return [row.id for row in found.rows]


@pytest.mark.parametrize("map_", [map, eager_map])
def test_a_listed_slug_is_not_looked_up(map_: Map) -> None:
    reader = PathReader({})
    assert ids(find_missing(reader, listing(raw(1)), ["flow_a"], map_)) == [1]
    assert reader.asked == []


@pytest.mark.parametrize(
    ("access", "answers", "asked", "found"),
    [
        (Access.PRIVATE, {VERSIONS: [raw(3, version=2), raw(2)]}, [VERSIONS], [3, 2]),
        (Access.PRIVATE, {VERSIONS: {"data": [raw(3)]}}, [VERSIONS], [3]),
        (Access.PRIVATE, {SLUG: raw(2)}, [VERSIONS, SLUG], [2]),
        (Access.PRIVATE, {VERSIONS: [], SLUG: raw(2)}, [VERSIONS, SLUG], [2]),
        (Access.PRIVATE, {PUBLIC: raw(2)}, [VERSIONS, SLUG, PUBLIC], [2]),
        (Access.PRIVATE, {}, [VERSIONS, SLUG, PUBLIC], []),
        (Access.PRIVATE, {SLUG: RejectedError("no", status=405), PUBLIC: raw(2)}, [VERSIONS, SLUG, PUBLIC], [2]),
        (Access.PUBLIC, {VERSIONS: [raw(3)], SLUG: raw(2), PUBLIC: raw(1)}, [PUBLIC], [1]),
        (Access.PUBLIC, {}, [PUBLIC], []),
    ],
)
def test_a_slug_that_the_list_lacks_is_looked_up(
    access: Access, answers: Answers, asked: list[str], found: list[int]
) -> None:
    reader = PathReader(answers)
    assert ids(find_missing(reader, listing(access=access), ["flow_a", "flow_a"])) == found
    assert reader.asked == asked


def test_versions_without_data_are_completed_by_slug() -> None:
    bare = {name: value for name, value in raw(3, version=2).items() if name != "data"}
    reader = PathReader({VERSIONS: [bare, raw(2, status="ARCHIVED")], SLUG: raw(3, version=2)})
    found = find_missing(reader, listing(), ["flow_a"])
    assert [("data" in row.fields, row.id) for row in found.rows] == [(True, 3), (True, 2)]
    assert reader.asked == [VERSIONS, SLUG]


def test_versions_without_data_count_where_nothing_is_known_by_slug() -> None:
    bare = {name: value for name, value in raw(3).items() if name != "data"}
    assert ids(find_missing(PathReader({VERSIONS: [bare]}), listing(), ["flow_a"])) == [3]


def test_a_slug_with_only_archived_rows_is_looked_up_and_the_fresh_rows_count() -> None:
    old, other = raw(1, status="ARCHIVED"), raw(7, "flow_b")
    reader = PathReader({VERSIONS: [raw(2, version=2), {**old, "name": "fresh"}]})
    found = find_missing(reader, listing(old, other), ["flow_a"])
    assert ids(found) == [1, 7, 2]
    assert found.rows[0].fields["name"] == "fresh"


@pytest.mark.parametrize("path", [VERSIONS, SLUG, PUBLIC])
@pytest.mark.parametrize("failure", [ServerError("500", status=500), ForbiddenError("403", status=403)])
def test_a_failed_read_never_means_absence(path: str, failure: ApiError) -> None:
    with pytest.raises(type(failure)):
        find_missing(PathReader({path: failure}), listing(), ["flow_a"])


def test_an_answer_about_another_flow_is_not_taken_for_the_one_asked_for() -> None:
    answers: Answers = {
        "/v1/flows/12/versions": [raw(12, "flow_b")],
        "/v1/flows/12": raw(12, "flow_b"),
        "/v1/public/flows/12": raw(12, "flow_b"),
    }
    assert ids(find_missing(PathReader(answers), listing(), ["12"])) == []


@pytest.mark.parametrize(
    ("slug", "segment"),
    [("a/b?c#d", "a%2Fb%3Fc%23d"), ("..", "%2E%2E"), (".", "%2E"), ("é", "%C3%A9"), ("a.b", "a.b"), ("\udc80", "%3F")],
)
def test_a_slug_is_one_segment_of_the_path_whatever_it_holds(slug: str, segment: str) -> None:
    reader = PathReader({})
    find_missing(reader, listing(access=Access.PUBLIC), [slug])
    assert reader.asked == [f"/v1/public/flows/{segment}"]


def reread_ids(reader: PathReader, row_id: int = 2) -> list[int]:
    return [row.id for row in reread(reader, "flow_a", row_id, access=Access.PRIVATE)]


SUMMARY: JsonValue = {"id": 2, "slug": "flow_a"}


@pytest.mark.parametrize(
    ("answers", "asked", "found"),
    [
        ({VERSIONS: [raw(3), raw(2)], SLUG: raw(3)}, [VERSIONS], [3, 2]),
        ({VERSIONS: [raw(3)], LIST: [raw(3)]}, [VERSIONS], [3]),
        ({LIST: [raw(2), raw(9, "b")], SLUG: raw(1)}, [VERSIONS, LIST], [2]),
        ({LIST: [], SLUG: raw(2), PUBLIC: raw(1)}, [VERSIONS, LIST, SLUG], [2]),
        ({PUBLIC_LIST: [], PUBLIC: raw(2)}, [VERSIONS, LIST, PUBLIC_LIST, SLUG, PUBLIC], [2]),
        ({LIST: [SUMMARY], SLUG: raw(2)}, [VERSIONS, LIST, SLUG], [2]),
        ({LIST: [SUMMARY], SLUG: raw(3)}, [VERSIONS, LIST, SLUG], [3, 2]),
        ({LIST: [raw(9, "b")]}, [VERSIONS, LIST, SLUG, PUBLIC], []),
        ({VERSIONS: [], LIST: []}, [VERSIONS, LIST, SLUG, PUBLIC], []),
        ({VERSIONS: [raw(3), SUMMARY], SLUG: raw(2)}, [VERSIONS, SLUG], [2, 3]),
        ({VERSIONS: [raw(3), SUMMARY], SLUG: raw(1), LIST: [raw(2), raw(1)]}, [VERSIONS, SLUG, LIST], [2, 1, 3]),
        ({VERSIONS: [raw(3), SUMMARY], SLUG: raw(3), LIST: [raw(3)]}, [VERSIONS, SLUG, LIST], [3, 2]),
        ({VERSIONS: [raw(3), SUMMARY], SLUG: raw(3), LIST: [raw(3), raw(2)]}, [VERSIONS, SLUG, LIST], [3, 2]),
    ],
)
def test_rereading_finds_the_row_as_it_is_now(answers: Answers, asked: list[str], found: list[int]) -> None:
    reader = PathReader(answers)
    assert reread_ids(reader) == found
    assert reader.asked == asked


def test_a_field_that_is_wanted_and_that_the_versions_leave_out_is_asked_for_by_slug() -> None:
    for by_slug, shown in [({**raw(2), "description": "d"}, "d"), (raw(3), None), (raw(2), None)]:
        reader = PathReader({VERSIONS: [raw(3), raw(2)], SLUG: by_slug})
        found = reread(reader, "flow_a", 2, access=Access.PRIVATE, wanted=["description"])
        assert {row.id: row.fields.get("description") for row in found} == {2: shown, 3: None}
        assert reader.asked == [VERSIONS, SLUG]


def test_rereading_with_a_public_key_asks_public_paths_only() -> None:
    reader = PathReader({PUBLIC_LIST: [], PUBLIC: raw(2)})
    assert len(reread(reader, "flow_a", 2, access=Access.PUBLIC)) == 1
    assert reader.asked == [PUBLIC_LIST, PUBLIC]


@pytest.mark.parametrize("path", [VERSIONS, SLUG, PUBLIC, LIST])
def test_a_reread_that_fails_is_raised_and_is_no_deletion(path: str) -> None:
    with pytest.raises(ServerError):
        reread_ids(PathReader({LIST: [], path: ServerError("500", status=500)}))


def test_a_list_that_is_gone_is_no_deletion() -> None:
    with pytest.raises(NotFoundError):
        reread_ids(PathReader({}))


def test_a_malformed_version_is_no_deletion() -> None:
    with pytest.raises(UnreadableResponseError, match=r"row 1 of GET /v1/flows/flow_a/versions has no id"):
        reread_ids(PathReader({VERSIONS: [{"slug": "flow_a"}]}))


def test_a_draft_that_appears_later_is_noticed_where_the_versions_answered_404_once() -> None:
    reader = PathReader({LIST: [raw(2)], SLUG: raw(2)})
    assert reread_ids(reader) == [2]
    reader = PathReader({LIST: [raw(2), raw(3, version=2, status="DRAFT")], SLUG: raw(2)})
    assert reread_ids(reader) == [2, 3]
    reader = PathReader({VERSIONS: [raw(3, version=2, status="DRAFT"), raw(2)], LIST: []})
    assert reread_ids(reader) == [3, 2]


@pytest.mark.parametrize(
    ("access", "answers", "found", "is_whole"),
    [
        (Access.PRIVATE, {VERSIONS: [raw(3, version=2), raw(2, status="ARCHIVED")]}, [3, 2], True),
        (Access.PRIVATE, {VERSIONS: [raw(3), raw(9, "flow_b")]}, [3], True),
        (Access.PRIVATE, {LIST: [raw(2), raw(9, "flow_b")]}, [2], False),
        (Access.PRIVATE, {VERSIONS: [], PUBLIC_LIST: [], SLUG: raw(2)}, [2], False),
        (Access.PRIVATE, {LIST: [], SLUG: raw(9, "flow_b")}, [], False),
        (Access.PUBLIC, {VERSIONS: [raw(3)], PUBLIC_LIST: [raw(2)]}, [2], False),
    ],
)
def test_every_version_that_is_shown(access: Access, answers: Answers, found: list[int], *, is_whole: bool) -> None:
    known = versions(PathReader(answers), "flow_a", access)
    assert ([row.id for row in known.rows], known.is_whole) == (found, is_whole)


def test_a_list_that_was_read_already_is_not_asked_for_again() -> None:
    reader = PathReader({})
    known = versions(reader, "flow_a", Access.PRIVATE, listing(raw(1), raw(9, "flow_b")).rows)
    assert ([row.id for row in known.rows], reader.asked) == ([1], [VERSIONS])


@pytest.mark.parametrize(
    ("access", "answer", "found", "asked"),
    [
        (Access.PRIVATE, raw(7, version=3), [1, 7], [SLUG]),
        (Access.PRIVATE, raw(8, version=4), [1], [SLUG]),
        (Access.PRIVATE, raw(9, "flow_b", version=3), [1], [SLUG]),
        (Access.PRIVATE, NotFoundError("no", status=404), [1], [SLUG]),
        (Access.PUBLIC, raw(7, version=3), [1], []),
    ],
)
def test_one_version_is_asked_for_by_its_number(
    access: Access, answer: JsonValue | ApiError, found: list[int], asked: list[str]
) -> None:
    reader, known = PathReader({SLUG: answer}), Versions((live_flow(raw(1)),), is_whole=False)
    assert [row.id for row in with_version(reader, "flow_a", 3, access, known).rows] == found
    assert reader.asked == asked
    assert with_version(reader, "flow_a", 1, access, known) is known
