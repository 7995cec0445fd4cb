"""The targeting language: lexer, parser, printer, evaluator, checks, comparison. Pure; no I/O.

    parse(text) -> Expression         evaluate(expression, context) -> bool
    format(expression) -> str         trace(expression, context) -> Trace
    canonical(text) -> str            check(text) -> tuple[Finding, ...]
    compare(old, new) -> ExpressionDiff

Names are loaded from their modules when first used: comparing texts by `canonical` does not pay for
the evaluator.
"""
