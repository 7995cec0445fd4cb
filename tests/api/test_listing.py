from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.api.endpoints import MOST_PAGES, Access, Map, list_flows, rows_by_slug
from flowsync.errors import ApiError, ForbiddenError, NotFoundError, RejectedError, UnreadableResponseError
from flowsync.model import JsonValue
from tests.api.readers import PagedReader, PathReader, eager_map, raw

Item = TypeVar("Item")
Result = TypeVar("Result")
PRIVATE, PUBLIC = "/v1/flows", "/v1/public/flows"
ONE: JsonValue = {"data": [raw(1)], "offset": 0, "limit": 100}
TWO: JsonValue = {"data": [raw(2)], "offset": 0, "limit": 100}


@pytest.mark.parametrize(
    ("access", "asked", "answered"),
    [(Access.PRIVATE, [PRIVATE], Access.PRIVATE), (Access.PUBLIC, [PUBLIC], Access.PUBLIC)],
)
def test_each_kind_of_key_asks_its_own_list(access: Access, asked: list[str], answered: Access) -> None:
    reader = PathReader({PRIVATE: ONE, PUBLIC: TWO})
    listing = list_flows(reader, access)
    assert (reader.asked, listing.access) == (asked, answered)
    assert [row.id for row in listing.rows] == [1 if access is Access.PRIVATE else 2]


@pytest.mark.parametrize("absent", [NotFoundError("no", status=404), RejectedError("no", status=405)])
def test_where_there_is_no_private_list_the_public_one_answers(absent: ApiError) -> None:
    listing = list_flows(PathReader({PRIVATE: absent, PUBLIC: TWO}), Access.PRIVATE)
    assert (listing.access, [row.id for row in listing.rows]) == (Access.PUBLIC, [2])


def test_where_there_is_no_list_at_all_that_is_an_error_not_an_empty_listing() -> None:
    with pytest.raises(NotFoundError):
        list_flows(PathReader({}), Access.PRIVATE)


def test_any_other_failure_of_the_private_list_is_raised() -> None:
    reader = PathReader({PRIVATE: ForbiddenError("no", status=403), PUBLIC: TWO})
    with pytest.raises(ForbiddenError):
        list_flows(reader, Access.PRIVATE)
    assert reader.asked == [PRIVATE]


@pytest.mark.parametrize("answer", [[raw(1)], {"data": [raw(1)]}, {"data": [raw(1)], "offset": 0, "limit": None}])
def test_a_bare_list_and_a_bare_envelope_are_coped_with(answer: JsonValue) -> None:
    assert [row.id for row in list_flows(PathReader({PUBLIC: answer}), Access.PUBLIC).rows] == [1]


@pytest.mark.parametrize("answer", [None, {}, {"data": None}, {"data": {}}, {"flows": []}, "data", 0])
def test_an_answer_of_another_shape_is_never_an_empty_account(answer: JsonValue) -> None:
    with pytest.raises(UnreadableResponseError, match=r"GET /v1/public/flows gave no list of flows"):
        list_flows(PathReader({PUBLIC: answer}), Access.PUBLIC)


def test_a_malformed_row_is_named_and_never_skipped() -> None:
    with pytest.raises(UnreadableResponseError, match=r"row 2 of GET /v1/public/flows has no slug \(id '9'\)"):
        list_flows(PathReader({PUBLIC: {"data": [raw(1), {"id": 9}]}}), Access.PUBLIC)


def honest(count: int, page_size: int, told: int | None) -> PagedReader:
    rows = [raw(number, f"flow_{number}") for number in range(count)]

    def page(offset: int, limit: int) -> JsonValue:
        cut = min(limit, page_size)
        items: list[JsonValue] = [*rows[offset : offset + cut]]
        return {"data": items, "offset": offset, **({} if told is None else {"limit": told})}

    return PagedReader(page)


@given(count=st.integers(0, 2_500), map_=st.sampled_from([map, eager_map]))
def test_every_row_is_found_once_and_in_order_however_pages_are_fetched(count: int, map_: Map) -> None:
    reader = honest(count, 100, 100)
    assert [row.id for row in list_flows(reader, Access.PUBLIC, map_).rows] == list(range(count))
    assert len(reader.offsets) <= count // 100 + 17


@given(count=st.integers(0, 2_500), expected=st.integers(0, 5_000))
def test_as_many_pages_are_asked_for_at_once_as_are_likely(count: int, expected: int) -> None:
    waves: list[int] = []

    def counting_map(work: Callable[[Item], Result], numbers: Iterable[Item]) -> list[Result]:
        wave = list(numbers)
        waves.append(len(wave))
        return [work(number) for number in wave]

    reader = honest(count, 100, 100)
    listing = list_flows(reader, Access.PUBLIC, counting_map, expected)
    assert [row.id for row in listing.rows] == list(range(count))
    assert waves[:1] == ([min(max(expected // 100, 4), 16)] if count >= 100 else [])


@given(count=st.integers(0, 300), page_size=st.integers(1, 99))
def test_a_server_that_cuts_shorter_pages_and_says_so_is_followed(count: int, page_size: int) -> None:
    reader = honest(count, page_size, page_size)
    assert len(list_flows(reader, Access.PUBLIC).rows) == count
    assert len(reader.offsets) == count // page_size + 1


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (99, 1), (100, 2), (199, 2), (1_000, 11), (1_001, 11)])
def test_a_lazy_map_asks_for_no_page_beyond_the_first_that_is_not_full(count: int, requests: int) -> None:
    reader = honest(count, 100, 100)
    list_flows(reader, Access.PUBLIC)
    assert reader.offsets == [100 * number for number in range(requests)]


@pytest.mark.parametrize("count", [100, 250])
@pytest.mark.parametrize("map_", [map, eager_map])
def test_a_server_that_ignores_offset_and_limit_ends_at_the_first_repetition(count: int, map_: Map) -> None:
    everything: JsonValue = {"data": [raw(number) for number in range(count)], "offset": 0, "limit": 100}
    reader = PagedReader(lambda _, __: everything)
    assert len(list_flows(reader, Access.PUBLIC, map_).rows) == count
    assert len(reader.offsets) <= (5 if count == 100 else 1)  # more than a page, and than it says: these are all


def test_pages_may_be_fetched_by_a_pool_of_threads() -> None:
    with ThreadPoolExecutor(4) as pool:
        rows = list_flows(honest(1_234, 100, 100), Access.PUBLIC, pool.map).rows
    assert [row.id for row in rows] == list(range(1_234))


def test_a_list_without_an_end_is_not_followed_for_ever() -> None:
    numbers = itertools.count()
    reader = PagedReader(lambda _, __: {"data": [{"id": next(numbers), "slug": "a"}], "limit": 1})
    with pytest.raises(UnreadableResponseError, match="has no end"):
        list_flows(reader, Access.PUBLIC)
    assert len(reader.offsets) == MOST_PAGES


def test_a_later_page_that_fails_fails_the_whole_listing() -> None:
    def page(offset: int, _: int) -> JsonValue:
        return {"data": [raw(number) for number in range(100)]} if offset == 0 else {"oops": True}

    with pytest.raises(UnreadableResponseError):
        list_flows(PagedReader(page), Access.PUBLIC)


def test_rows_are_grouped_by_slug_in_the_order_they_came() -> None:
    answer: JsonValue = [raw(1, "b"), raw(2, "a"), raw(3, "b")]
    rows = list_flows(PathReader({PUBLIC: answer}), Access.PUBLIC).rows
    grouped = {slug: [row.id for row in group] for slug, group in rows_by_slug(rows).items()}
    assert list(grouped.items()) == [("b", [1, 3]), ("a", [2])]
