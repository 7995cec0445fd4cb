"""Flow files as teams write them, made up from a fixed seed: the same count gives the same bytes.

A file is about 2.6 kB: 3 to 8 steps, a targeting expression, comments, every usual way to write text, often tests.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEED: Final = 20_260_101

_PRODUCTS: Final = ("budgets", "reports", "invoices", "goals", "alerts", "exports", "teams", "approvals")
_PLANS: Final = ("free", "pro", "team", "enterprise")
_VERBS: Final = ("Set up", "Discover", "Share", "Review", "Connect", "Plan", "Automate", "Understand")
_SENTENCES: Final = (
    "Most teams are done in ten minutes; you can stop at any time.",
    "Your numbers stay where they are: nothing is sent before you say so.",
    "Ask a colleague to look at it with you, it is quicker with two.",
    "It's all kept, and you can undo every step for thirty days.",
    "People who do this once a week close their month two days earlier.",
    "Pick one that everybody knows, such as <b>team lunches</b>.",
    "You have <b>${seatsLeft} seats</b> left, and they cost nothing extra.",
    "No surprises. We tell you before a limit is reached, not after.",
    "At 80 % spent? At 100 %? You choose, for each of them.",
    "Read-only, through your bank's own sign-in.",
    "🎉 That was the last one. Welcome aboard, ${firstName}!",
    "Größere Teams legen zuerst Gruppen an, danach Rechte.",
)
_COMMENTS: Final = (
    "Keep in step with the help centre.",
    "Copy agreed with marketing, see the launch page.",
    "A way out on the first screen halved the number of people who close the tab.",
    "The click alone must not complete it.",
)
_KINDS: Final = ("CHECKLIST", "TOUR", "ANNOUNCEMENT", "CARD", "FORM", "BANNER")


def write_flows(directory: Path, count: int) -> None:
    """`count` flow files in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    chance = random.Random(SEED)  # noqa: S311 - made-up text, not a secret
    slugs = [f"flow_{number:05d}" for number in range(count)]
    for number, slug in enumerate(slugs):
        text = "\n".join(_flow(chance, slugs[: number + 1])) + "\n"
        (directory / f"{slug}.yaml").write_text(text, encoding="utf-8")


def _flow(chance: random.Random, slugs: list[str]) -> Iterator[str]:
    kind = chance.choice(_KINDS)
    product = chance.choice(_PRODUCTS)
    plan = chance.choice(_PLANS)
    yield "# yaml-language-server: $schema=../.flowsync/flow.schema.json"
    yield f"name: {chance.choice(_VERBS)} your {product}"
    yield f"type: {kind}"
    yield f"description: {_sentence(chance)}"
    yield f"active: {chance.choice(('true', 'true', 'false'))}"
    if _now_and_then(chance, 4):
        yield f"# {chance.choice(_COMMENTS)}"
    other = chance.choice(slugs)
    yield f"targetingLogic: {_targeting(chance, plan, other)}"
    yield "data:"
    if kind == "CHECKLIST":
        yield f"  title: {_sentence(chance)}"
        yield f"  subtitle: {_quoted(_sentence(chance))}"
        yield "  sequential: false"
    yield "  steps:"
    for number in range(chance.randint(3, 8)):
        yield from _step(chance, kind, number, product)
    if _now_and_then(chance, 5):
        yield from _tests(plan)


def _targeting(chance: random.Random, plan: str, other: str) -> str:
    parts = [
        f"user.property('plan') == '{plan}'",
        f"user.flow('{other}') != 'COMPLETED_FLOW'",
        "user.property('createdAt') within 30d",
        "group.property('seats') > 3",
        "user.currentUrl() contains '/home'",
    ]
    if _now_and_then(chance, 3):
        return f"{parts[0]} && ({parts[3]} || {parts[4]})"
    return " && ".join([parts[0], *chance.sample(parts[1:], chance.randint(1, 2))])


def _step(chance: random.Random, kind: str, number: int, product: str) -> Iterator[str]:
    yield f"    - id: step-{number}"
    if _now_and_then(chance, 3):
        yield f"      # {chance.choice(_COMMENTS)}"
    yield f"      title: {chance.choice(_VERBS)} {product}"
    if kind == "TOUR":
        yield f"      selector: '[data-tour=\"{product}-{number}\"]'"
    yield from _text(chance, "subtitle")
    if _now_and_then(chance, 4) and kind != "FORM":  # forms draw none
        yield f"      imageUri: https://cdn.acorn.example/{product}/{number}.png"
    if _now_and_then(chance, 5):
        yield f"      primaryButton: {{title: {chance.choice(_VERBS)} now, action: step.complete}}"
    else:
        yield from ("      primaryButton:", f"        title: {chance.choice(_VERBS)}", "        action: false")
        if kind != "FORM":  # forms follow none by themselves
            yield f"        uri: /settings/{product}?from=flow"
    if _now_and_then(chance, 5):
        yield from ("      secondaryButton:", "        title: Not now", "        action: flow.skip")
    if kind == "CHECKLIST":
        yield f"      completionCriteria: user.event('{product}_created').count >= {number + 1}"
    if kind == "FORM":
        yield from _fields(chance)
    if _now_and_then(chance, 3):
        yield ""


def _text(chance: random.Random, key: str) -> Iterator[str]:
    style = chance.randrange(5)
    if style == 0:
        yield f"      {key}: {_quoted(_sentence(chance))}"
    elif style == 1:
        yield f'      {key}: "{_sentence(chance)}\\n\\n{_sentence(chance)}"'
    elif style == 2:  # noqa: PLR2004 - the third style
        yield from (f"      {key}: >", f"        {_sentence(chance)}", f"        {_sentence(chance)}")
    elif style == 3:  # noqa: PLR2004 - the fourth style
        yield from (f"      {key}: |-", f"        {_sentence(chance)}", "", f"        {_sentence(chance)}")
    else:
        yield f"      {key}: >-"
        yield from (f"        {_sentence(chance)}" for _ in range(3))


def _fields(chance: random.Random) -> Iterator[str]:
    yield from ("      fields:", "        - id: role", "          type: select", "          label: What do you do?")
    yield from ("          required: true", "          options:")
    for option in chance.sample(("finance", "product", "sales", "support", "founder"), 3):
        yield f"            - {{label: {option.title()}, value: {option}}}"
    yield from ("        - id: note", "          type: textarea", "          label: Anything else?")
    yield "          maxLength: 200"


def _tests(plan: str) -> Iterator[str]:
    other = "free" if plan != "free" else "pro"
    yield from ("tests:", "  - name: another plan does not see it", "    user:")
    yield from (f"      properties: {{plan: {other}}}", "    sees: false")


def _sentence(chance: random.Random) -> str:
    return chance.choice([text for text in _SENTENCES if ": " not in text])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _now_and_then(chance: random.Random, tenths: int) -> bool:
    return chance.randrange(10) < tenths
