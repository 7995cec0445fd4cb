from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.targeting.evaluation import PatternError, compile_pattern
from tests.support.command import Completed, execute

MATCHED = [
    ("", ""),
    ("a.c", "axc"),
    ("(?s)a.c", "a\nc"),
    ("a{,3}", "a{,3}"),
    ("(?:ab)(?P<name>c)(?<other>d)", "abcd"),
    ("(?m)^", ""),
    ("(?m)a$\n^b", "a\nb"),
    (r"\d\D\s\S\w\W", "1a a_-"),
    (r"\p{Greek}\p{Han}\p{Any}", "\u03b1\u4e2dx"),
    ("(?i)AbC[x-z]", "aBcY"),
    (r"\x41\x{1F389}\n", "A\U0001f389\n"),
    ("(a*)*", "aaa"),
    ("(" * 60 + ")" * 60, ""),
]
UNMATCHED = [("abc", "xabcx"), ("a.c", "a\nc"), ("a$", "a\n"), ("(?m)^b", "a\nb"), (r"\Ab", "ab")]
REFUSED = [
    ("(?=a)", 0, "look-ahead"),
    ("x(?!a)", 1, "look-ahead"),
    ("(?<=a)b", 0, "look-behind"),
    ("(?<!a)b", 0, "look-behind"),
    (r"(a)\1", 3, "back-references"),
    (r"(?P<n>a)(?P=n)", 8, "back-references"),
    (r"\8", 0, "back-references"),
    ("(?>a)", 0, "atomic"),
    ("(?#a)", 0, "comments"),
    ("(?x)a", 0, "does not know"),
    ("(?", 0, "does not know"),
    ("a**", 1, "two repetition"),
    ("a++", 1, "two repetition"),
    ("a{2}{3}", 1, "two repetition"),
    ("a*?+", 1, "two repetition"),
    ("*a", 0, "nothing before"),
    ("(+a)", 1, "nothing before"),
    ("a|?", 2, "nothing before"),
    ("a{1001}", 1, "repetition count"),
    ("a{3,2}", 1, "repetition count"),
    ("(a{100}){11}", 8, "1000 at most"),
    ("(a", 0, "never closed"),
    ("a(b(c)", 1, "never closed"),
    ("a)", 1, "without an opening"),
    ("[a", 0, "never closed"),
    ("[", 0, "never closed"),
    ("[]", 0, "never closed"),
    ("[z-a]", 1, "backwards"),
    (r"[a-\d]", 3, "does not escape"),
    ("[[:nope:]]", 1, "character class"),
    (r"\p{nope}", 0, "category"),
    (r"\p", 0, "category"),
    ("a\\", 1, "backslash at the end"),
    (r"\y", 0, "does not escape"),
    (r"\é", 0, "does not escape"),
    (r"\x{110000}", 0, "does not exist"),
    ("{2}a", 0, "nothing before"),
    ("([**])**", 6, "two repetition"),
    (r"\\1\1", 3, "back-references"),
    ("\\d\\", 2, "backslash at the end"),
    ("[(](a", 3, "never closed"),
    ("[)])", 3, "without an opening"),
    ("(?P<name", 0, "group name"),
]


@pytest.mark.parametrize(("pattern", "text"), MATCHED)
def test_a_pattern_matches_the_whole_text(pattern: str, text: str) -> None:
    assert compile_pattern(pattern)(text)


@pytest.mark.parametrize(("pattern", "text"), UNMATCHED)
def test_a_pattern_does_not_match(pattern: str, text: str) -> None:
    assert not compile_pattern(pattern)(text)


@pytest.mark.parametrize(("pattern", "offset", "reason"), REFUSED, ids=[case[0][:20] for case in REFUSED])
def test_what_re2_refuses_is_refused_at_its_place(pattern: str, offset: int, reason: str) -> None:
    with pytest.raises(PatternError, match=reason) as caught:
        compile_pattern(pattern)
    assert caught.value.offset == offset


@given(st.one_of(st.text(), st.text("ab()[]{}*+?|\\^$.-:=!<>P123,QExpd")))
def test_no_pattern_raises_anything_but_its_own_error(pattern: str) -> None:
    try:
        compile_pattern(pattern)("ab1")
    except PatternError as error:
        outcome = error.offset
    else:
        outcome = 0
    assert 0 <= outcome <= len(pattern)


WITHOUT_RE2 = "import sys; sys.modules['re2'] = None; from flowsync.cli import main; sys.exit(main())"


def flowsync_without_re2(project: Path, *arguments: str) -> Completed:
    return execute([sys.executable, "-c", WITHOUT_RE2, *arguments], project)


def test_without_the_engine_patterns_are_not_checked_and_that_is_said_once(tmp_path: Path) -> None:
    for slug, pattern in (("flow_a", "(?!x)"), ("flow_b", "a**")):
        path = tmp_path / "flows" / f"{slug}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"targetingLogic: user.property('mail') matches '{pattern}'\n"
            "tests:\n  - user: {properties: {mail: x}}\n    sees: true\n"
        )
    checked = flowsync_without_re2(tmp_path, "validate")
    assert checked.code == 0
    assert checked.out.count("google-re2 is not installed") == 1
    assert "pip install google-re2" in checked.out

    tested = flowsync_without_re2(tmp_path, "test")
    assert tested.code == 1
    assert tested.err.count("google-re2 is not installed") == 1
    assert "Traceback" not in tested.err
