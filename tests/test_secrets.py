"""Keys are found however they are written, by what masks output as by what refuses to store."""

from __future__ import annotations

import html
import json
import string
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.secrets import REDACTED, WINDOW, Secrets

KEY = "api_private_Qx7T3stOnly-9fKdLmN2pRsTuVw_4hJ8kZ"
SECRET = KEY.removeprefix("api_private_")
ANOTHER = "api_private_zyxw9876VUTS5432"

WRITINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "backwards": lambda text: text[::-1],
    "two lines": lambda text: f"{text[: len(text) // 2]}\n  {text[len(text) // 2 :]}",
    "markup": lambda text: f"{text[:5]}<b class='x'></b>{text[5:]}",
    "escaped markup": lambda text: f"{text[:5]}&lt;br/&gt;{text[5:]}",
    "terminal colours": "\x1b[31m".join,
    "spaces": " ".join,
    "invisible characters": "\u200b".join,
    "hexadecimal": lambda text: text.encode().hex(),
    "HEXADECIMAL": lambda text: text.encode().hex().upper(),
    "base64, 0 before": lambda text: b64encode(text.encode()).decode(),
    "base64, 1 before": lambda text: b64encode(f"x{text}".encode()).decode(),
    "base64, 2 before": lambda text: b64encode(f"xx{text}".encode()).decode(),
    "base64 for URLs": lambda text: urlsafe_b64encode(text.encode()).decode(),
    "percent": lambda text: "".join(f"%{ord(char):02x}" for char in text),
    "percent here and there": lambda text: "".join(f"%{ord(c):02X}" if i % 3 else c for i, c in enumerate(text)),
    "percent twice": lambda text: quote("".join(f"%{ord(char):02x}" for char in text)),
    "JSON": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "JSON in JSON": lambda text: json.dumps("".join(f"\\u{ord(char):04x}" for char in text)),
    "lines in JSON": lambda text: json.dumps("\n".join(text)),
    "Python": lambda text: "".join(f"\\x{ord(char):02x}" for char in text),
    "HTML": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(char):X};" for char in text),
}


def rest(text: str) -> str:
    """What a reader could make of the letters of a text."""
    return "".join(char for char in text.lower() if char in string.ascii_lowercase + string.digits)


@pytest.mark.parametrize("part", [KEY, SECRET, SECRET[: len(SECRET) // 2], SECRET[-16:]])
@pytest.mark.parametrize("writing", WRITINGS)
def test_a_key_in_use_is_masked_and_found_however_it_is_written(writing: str, part: str) -> None:
    written = WRITINGS[writing](part)
    secrets = Secrets(KEY)
    assert secrets.private_key_at(f"It said {written}!") is not None
    masked = secrets.masked(f"It said {written}!")
    assert masked.startswith("It sai")
    assert REDACTED in masked
    assert len(rest(masked).replace("apiprivate", "")) < len(rest(f"It said {REDACTED}")) + 9, (
        "all but what base64 mixes with its neighbours"
    )


@pytest.mark.parametrize("start", range(len(SECRET) - WINDOW))
def test_every_part_of_a_key_is_found(start: int) -> None:
    secrets = Secrets(KEY)
    part = SECRET[start : start + WINDOW + 2]  # two, for its punctuation does not count
    assert secrets.private_key_at(part) is not None
    assert secrets.private_key_at(part[::-1]) is not None
    assert secrets.private_key_at(f"..{part.encode().hex()}..") is not None
    assert (
        secrets.private_key_at(b64encode(b"Bearer " + SECRET[start : start + WINDOW + 4].encode()).decode()) is not None
    )


@pytest.mark.parametrize(
    "writing", ["as it is", "upper case", "hexadecimal", "base64, 0 before", "base64, 1 before", "JSON", "backwards"]
)
def test_a_key_of_somebody_else_is_known_by_its_form(writing: str) -> None:
    assert REDACTED in Secrets(KEY).masked(WRITINGS[writing](ANOTHER))
    assert Secrets().private_key_at(WRITINGS[writing](ANOTHER)) is not None


@pytest.mark.parametrize(
    "text", ['a\\"b<c&d', "a&#34;b&lt;c&amp;d", 'A"B<C&D', 'a"b<c<i></i>&d', "a%2522b%253Cc%2526d", 'a\\n\\"b<c&d']
)
def test_a_short_key_of_punctuation_is_found_escaped_and_taken_apart(text: str) -> None:
    assert Secrets('a"b<c&d').masked(f"It said {text}!") == f"It said {REDACTED}!"


@pytest.mark.parametrize(
    "text",
    [
        "Private keys begin with api_private_ and public ones with api_public_.",
        "api_private_…",
        "export FRIGADE_API_KEY=api_private_sandbox",
        "api_public_0123456789abcdefghij",
        "",
        "<" * 1000 + "&" * 1000 + "\\" * 1000 + "%" * 1000,
        SECRET[:8],
    ],
)
def test_what_is_no_key_stays(text: str) -> None:
    secrets = Secrets(KEY)
    assert secrets.masked(text) == text
    assert secrets.masked(json.dumps(text)) == json.dumps(text)


@given(
    st.text(st.sampled_from(string.ascii_letters + string.digits + "-_"), min_size=16, max_size=60).filter(
        lambda secret: len(rest(secret)) >= WINDOW
    ),
    st.sampled_from(sorted(WRITINGS)),
    st.text(max_size=8),
    st.text(max_size=8),
)
def test_any_key_is_found_among_any_text(secret: str, writing: str, before: str, after: str) -> None:
    key = f"api_private_{secret}"
    text = f"{before} {WRITINGS[writing](key)} {after}"
    secrets = Secrets(key)
    assert secrets.private_key_at(text) is not None
    masked = secrets.masked(text)
    assert REDACTED in masked
    assert key not in masked
    assert secret[-12:] not in masked
    document = secrets.masked(json.dumps({"a": [text], "b": text}))
    assert set(json.loads(document)) == {"a", "b"}
    assert secrets.private_key_at(json.loads(document)["b"]) is None or writing.startswith("base64")


@given(st.text("abcdefghijklmnopqrstuvwxyz .,/<>&%\\0123456789\n", max_size=60))
def test_words_stay_as_they_are(text: str) -> None:
    assert Secrets(KEY).masked(text) == text
    assert Secrets(KEY).private_key_at(text) is None


@given(st.text(), st.lists(st.text(max_size=20), max_size=3))
def test_no_text_and_no_key_is_too_odd(text: str, keys: list[str]) -> None:
    secrets = Secrets(*(key for key in keys if key.isascii() and key.isprintable() and " " not in key))
    assert isinstance(secrets.masked(html.escape(text)), str)
