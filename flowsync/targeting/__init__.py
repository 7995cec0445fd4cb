"""The targeting language: lexer, parser, printer, evaluator, checks, comparison. Pure; no I/O."""
