from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.targeting.patterns import PatternError, compile_pattern
from tests.targeting.counting import calls_during

MATCHED = [
    ("", ""),
    ("abc", "abc"),
    ("a.c", "axc"),
    ("(?s)a.c", "a\nc"),
    ("a*", ""),
    ("a*", "aaaa"),
    ("a+?b??", "aa"),
    ("a{2}", "aa"),
    ("a{2,}", "aaaa"),
    ("a{2,3}", "aaa"),
    ("a{,3}", "a{,3}"),
    ("a{x", "a{x"),
    ("a{0}", ""),
    ("(ab|cd)+", "abcdab"),
    ("(?:ab)(?P<name>c)(?<other>d)", "abcd"),
    ("|a", ""),
    ("(|a)b", "ab"),
    ("^abc$", "abc"),
    (r"\Aabc\z", "abc"),
    ("(?m)a$\n^b", "a\nb"),
    (r"a\b.*", "a b"),
    (r"a\Bb", "ab"),
    (r"\d\D\s\S\w\W", "1a a_-"),
    ("[abc]+", "cab"),
    ("[^abc]+", "xyz\n"),
    ("[a-c-]+", "a-b"),
    ("[]a]+", "a]"),
    ("[^]a]+", "b"),
    (r"[\d\-x]+", "1-x"),
    (r"[\]\\]+", "]\\"),
    ("[[:alpha:][:digit:]]+", "a1"),
    ("[[:^alpha:]]+", "1-"),
    ("[a[:x]+", "a[:x"),
    (r"\pL+", "aé"),
    (r"\p{Lu}\P{Lu}\p{^Lu}", "Abc"),
    (r"[\pN]\PN", "5a"),
    (r"\p{Greek}\p{Han}\p{Any}", "\u03b1\u4e2dx"),
    ("(?i)AbC[x-z]", "aBcY"),
    ("(?i:A)b", "ab"),
    ("(?i)a(?-i)b", "Ab"),
    ("((?i)a)b", "Ab"),
    ("(?i)[^a]", "b"),
    ("(?U)a+", "aa"),
    (r"\Qa.b\E+", "a.bb"),
    (r"\Qa.b", "a.b"),
    (r"\Q\Ea", "a"),
    (r"\x41\x{1F389}\101\07\n\t\.\_", "A🎉A\x07\n\t._"),
    (r"[\x41-\x43]+", "ABC"),
    (r"https://app\.example/.*", "https://app.example/a?b"),
    ("(a|b)*abb", "ababb"),
    ("(a*)*", "aaa"),
    ("^*a", "a"),
]
UNMATCHED = [
    ("abc", "xabcx"),
    ("a.c", "a\nc"),
    ("a$", "a\n"),
    ("a{2}", "a"),
    ("(?i)[^a]", "A"),
    ("(?i)a(?-i)b", "AB"),
    ("((?i)a)b", "AB"),
    (r"a\bb", "ab"),
    (r"a\B", "a"),
    ("(?m)^b", "a\nb"),
    (r"\Ab", "ab"),
    ("[^a]", ""),
    (r"\p{Greek}", "a"),
    ("a", ""),
]
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
    ("(?P<1>a)", 0, "does not know"),
    ("(?)", 0, "does not know"),
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
    ("(a{100}){11}", 8, "1000 repetitions"),
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
    ("(" * 60 + ")" * 60, 50, "50 groups"),
    (f"({'[ab]' * 20}){{600}}", 0, "too large"),
]


@pytest.mark.parametrize(("pattern", "text"), MATCHED)
def test_a_pattern_matches_the_whole_text(pattern: str, text: str) -> None:
    assert compile_pattern(pattern).matches(text)


@pytest.mark.parametrize(("pattern", "text"), UNMATCHED)
def test_a_pattern_does_not_match(pattern: str, text: str) -> None:
    assert not compile_pattern(pattern).matches(text)


@pytest.mark.parametrize(("pattern", "offset", "reason"), REFUSED, ids=[case[0][:20] for case in REFUSED])
def test_what_re2_refuses_is_refused_at_its_place(pattern: str, offset: int, reason: str) -> None:
    with pytest.raises(PatternError, match=reason) as caught:
        compile_pattern(pattern)
    assert caught.value.offset == offset


SHARED = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", "^", "$", r"\b", "1"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@given(SHARED, st.text("ab1 ", max_size=5))
def test_it_agrees_with_pythons_engine_where_the_languages_agree(pattern: str, text: str) -> None:
    assert compile_pattern(pattern).matches(text) is (re.fullmatch(pattern, text) is not None)


@given(st.one_of(st.text(), st.text("ab()[]{}*+?|\\^$.-:=!<>P123,QExpd")))
def test_no_pattern_raises_anything_but_its_own_error(pattern: str) -> None:
    try:
        compile_pattern(pattern).matches("ab1")
    except PatternError as error:
        outcome = error.offset
    else:
        outcome = 0
    assert 0 <= outcome <= len(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a*)*b", "((a?){20}a{20})b"])
def test_twice_the_text_is_at_most_about_twice_the_work(pattern: str) -> None:
    compiled = compile_pattern(pattern)
    assert calls_during(lambda: compiled.matches("a" * 400)) <= 2.2 * calls_during(lambda: compiled.matches("a" * 200))
