"""What can be wrong with an expression: every rule as data, and what a rule finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.model import Severity

if TYPE_CHECKING:
    from flowsync.targeting.nodes import Span


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found in one expression; `span` counts characters of its text from 0."""

    code: str
    severity: Severity
    span: Span
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its code, how severe what it finds is, and one paragraph of documentation.

    `bad` is an expression in which it finds something, `good` one in which it does not.
    """

    code: str
    severity: Severity
    documentation: str
    bad: str
    good: str

    def finding(self, span: Span, message: str, hint: str | None = None) -> Finding:
        """A finding of this rule, with its own severity."""
        return Finding(self.code, self.severity, span, message, hint)


SYNTAX: Final = Rule(
    "targeting-syntax",
    Severity.ERROR,
    "The expression cannot be read. The server stores it without a word and then takes it for false for every"
    " user, so the flow is shown to nobody.",
    "user.property('plan') = 'pro'",
    "user.property('plan') == 'pro'",
)
TOO_LONG: Final = Rule(
    "targeting-too-long",
    Severity.ERROR,
    "The expression is longer than 2,000 characters. The server takes such an expression for false for every user."
    " A list of values is shorter as isIn 'a,b,c'.",
    " || ".join(f"user.property('country') == 'country-{number}'" for number in range(60)),
    "user.property('country') isIn 'country-1,country-2'",
)
BLANK: Final = Rule(
    "targeting-blank",
    Severity.WARNING,
    "The expression consists of white space. An empty text means everyone; what the server makes of white space is"
    " not documented.",
    "   ",
    "",
)
IMPOSSIBLE: Final = Rule(
    "targeting-impossible-value",
    Severity.ERROR,
    "The value compared with is one that the source can never have: flows and steps have four states each, in"
    " capitals and ending in _FLOW or _STEP; counts are whole numbers; yes-or-no sources are true or false.",
    "user.flow('flow_setup') == 'COMPLETED'",
    "user.flow('flow_setup') == 'COMPLETED_FLOW'",
)
OPERATOR: Final = Rule(
    "targeting-operator",
    Severity.ERROR,
    "The operator needs another kind of value than this source gives, so the condition says nothing.",
    "user.event('login').count within 7d",
    "user.property('lastLogin') within 7d",
)
ORDER: Final = Rule(
    "targeting-order",
    Severity.ERROR,
    "Only numbers and dates have an order. Ordering them against any other text, or against true, false or null,"
    " is false for every user. Dates are written '2023-03-01', '2023-03-01 00:00:00' or '2023-03-01T00:00:00Z'.",
    "user.property('seats') > 'ten'",
    "user.property('seats') > 10",
)
ALONE: Final = Rule(
    "targeting-alone",
    Severity.ERROR,
    "A source standing alone is read as == true, and this one is never true or false: a comparison is missing.",
    "user.flow('flow_setup')",
    "user.flow('flow_setup') == 'COMPLETED_FLOW'",
)
LIST: Final = Rule(
    "targeting-list",
    Severity.WARNING,
    "A list for isIn, or of groups, has an empty value, or spaces around one: they are likely part of the value.",
    "user.property('country') isIn 'US, CA'",
    "user.property('country') isIn 'US,CA'",
)
MONTHS: Final = Rule(
    "targeting-months",
    Severity.WARNING,
    "m is months of 30 days, and a number that is usual for minutes or beyond two years was likely meant as"
    " minutes, which are i. Write days to be understood by everyone.",
    "user.property('lastSeen') within 30m",
    "user.property('lastSeen') within 30i",
)
ZERO: Final = Rule(
    "targeting-zero-time",
    Severity.WARNING,
    "A time span of zero: within 0d holds for the future only.",
    "user.property('trialEnd') within 0d",
    "user.property('trialEnd') > now()",
)
PATTERN: Final = Rule(
    "targeting-pattern",
    Severity.ERROR,
    "RE2, the server's pattern language, refuses this pattern: it has no look-around and no back-references, and"
    " like every pattern language it wants brackets closed. The condition is false for every user.",
    "user.property('email') matches '(?!admin).*@acme.com'",
    "user.property('email') matches '.*@acme[.]com'",
)
AFFIX: Final = Rule(
    "targeting-affix",
    Severity.WARNING,
    "The server turns startsWith and endsWith into patterns without escaping the text, so that special characters"
    " (such as ? + * and brackets; a dot does little harm) do not stand for themselves.",
    "user.currentUrl() startsWith 'https://app.example/?tab='",
    "user.currentUrl() startsWith 'https://app.example/'",
)
QUOTE: Final = Rule(
    "targeting-quote",
    Severity.WARNING,
    "A text holds a quote. The server turns every double quote into a single one before it reads the expression, so"
    " that the text likely ends there and the expression is malformed.",
    "user.property('company') == \"O'Reilly\"",
    "user.property('company') matches 'O.Reilly'",
)
LOGIC_IN_TEXT: Final = Rule(
    "targeting-text",
    Severity.WARNING,
    "A text holds the words AND or OR, the signs && or ||, or parentheses that do not balance. The server splits"
    " expressions at them, and counts parentheses, without regard to quotes.",
    "user.property('team') == 'Research AND Development'",
    "user.property('team') contains 'Development'",
)
CONSTANT: Final = Rule(
    "targeting-constant",
    Severity.WARNING,
    "This condition comes out the same for every user (or for every user who has the property set), so it says"
    " nothing: contains '', a count of at least 0, a comparison of two fixed values, a lone true among others.",
    "user.property('email') contains ''",
    "user.property('email') isSet true",
)
CONTRADICTION: Final = Rule(
    "targeting-contradiction",
    Severity.ERROR,
    "Two conditions joined with && exclude each other, so no user meets both. Usually || or isIn was meant.",
    "user.property('plan') == 'pro' && user.property('plan') == 'team'",
    "user.property('plan') isIn 'pro,team'",
)
TAUTOLOGY: Final = Rule(
    "targeting-tautology",
    Severity.WARNING,
    "Of two conditions joined with || one is always true, so that they exclude nobody but users who never had the"
    " property set. Usually && or !isIn was meant.",
    "user.property('plan') != 'pro' || user.property('plan') != 'team'",
    "user.property('plan') !isIn 'pro,team'",
)
DUPLICATE: Final = Rule(
    "targeting-duplicate",
    Severity.WARNING,
    "The same condition stands twice in one chain of && or ||.",
    "user.property('plan') == 'pro' && user.property('plan') == \"pro\"",
    "user.property('plan') == 'pro'",
)
MIXED: Final = Rule(
    "targeting-mixed-logic",
    Severity.WARNING,
    "&& and || stand side by side without parentheses. && binds closer, which many readers do not expect.",
    "user.isGuest() == true || user.property('plan') == 'pro' && user.property('beta') == true",
    "user.isGuest() == true || (user.property('plan') == 'pro' && user.property('beta') == true)",
)
DASHBOARD: Final = Rule(
    "targeting-dashboard",
    Severity.WARNING,
    "The server understands this, but the dashboard's audience editor cannot show it: parentheses inside"
    " parentheses, propertyContains and daysSinceFlowDone.",
    "user.propertyContains('email', 'acme')",
    "user.property('email') contains 'acme'",
)
BACKWARDS: Final = Rule(
    "targeting-backwards",
    Severity.WARNING,
    "The left side is not a source. All of the vendor's examples have the source on the left, and it is not known"
    " whether the server reads the other order.",
    "'pro' == user.property('plan')",
    "user.property('plan') == 'pro'",
)
UNKNOWN_FLOW: Final = Rule(
    "targeting-unknown-flow",
    Severity.ERROR,
    "The flow referred to does not exist, so the condition is false for every user. Only a warning while the live"
    " flows are not known (offline): the flow may have no file.",
    "user.flow('flow_setpu') == 'COMPLETED_FLOW'",
    "user.flow('flow_setup') == 'COMPLETED_FLOW'",
)
UNKNOWN_STEP: Final = Rule(
    "targeting-unknown-step",
    Severity.ERROR,
    "The flow referred to has no step of this id, so no user is ever known to have started it.",
    "user.flowStep('flow_setup', 'profil') == 'COMPLETED_STEP'",
    "user.flowStep('flow_setup', 'profile') == 'COMPLETED_STEP'",
)
UNKNOWN_FIELD: Final = Rule(
    "targeting-unknown-field",
    Severity.ERROR,
    "The step referred to has no field of this id, so it never holds a value.",
    "user.flowStepData('flow_setup', 'profile', 'rolle') == 'admin'",
    "user.flowStepData('flow_setup', 'profile', 'role') == 'admin'",
)
SELF: Final = Rule(
    "targeting-self",
    Severity.ERROR,
    "The flow's own targeting waits for the flow itself to be started, which it never is for a user who does not"
    " see it. (user.flow of itself with != 'COMPLETED_FLOW' is fine.)",
    "user.flow('flow_itself') == 'STARTED_FLOW'",
    "user.flow('flow_itself') != 'COMPLETED_FLOW'",
)
CYCLE: Final = Rule(
    "targeting-cycle",
    Severity.WARNING,
    "Flows wait for each other in a circle: each can be seen only once another of them was started, so none ever"
    " is, unless the app starts one itself.",
    "user.flow('flow_which_waits_for_this_one') == 'COMPLETED_FLOW'",
    "user.flow('flow_which_waits_for_this_one') != 'STARTED_FLOW'",
)
SELF_STEP: Final = Rule(
    "targeting-self-step",
    Severity.WARNING,
    "A step is shown or started only once the user has started or finished that very step, so it never is, unless the"
    " app does that itself.",
    "user.flowStep('flow_itself', 'profile') == 'COMPLETED_STEP'",
    "user.flowStep('flow_itself', 'profile') != 'COMPLETED_STEP'",
)

FLOW_RULES: Final = (UNKNOWN_FLOW, UNKNOWN_STEP, UNKNOWN_FIELD, SELF, CYCLE, SELF_STEP)
"""The rules that need to know about other flows, or which flow an expression is of."""
RULES: Final = tuple(value for value in tuple(globals().values()) if isinstance(value, Rule))
"""Every rule, in the order above, which is that of the documentation."""
