"""An emulator of the Frigade API: every documented and observed behaviour, on SQLite, with the standard library.

`emulator.Emulator.handle` answers a `values.Request`; `server.serve` puts it, or a handler wrapped around it, on a
port; `seeds.seed` gives it a first state that belongs to a repo's files. It knows the API's facts and nothing of the
planner.
"""
