"""Frigade's API: its client, its rows, and which row of a flow to write.

`rows` and `endpoints` know flows and paths; `messages`, `transport`, `retry` and `client` know HTTP. The code relies on
what the vendor documents ([doc]), and uses what was only observed ([obs]) if the server has it.

`client` and `transport` import httpx, which takes a while: import `client` where a command opens the API.
"""

import sys

# httpx has a command line, drawn with rich, that nothing here calls: without it httpx is imported in half the time.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
