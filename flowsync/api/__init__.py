"""Frigade's API: its client, its rows, and which row of a flow to write.

`rows` and `endpoints` know flows and paths; `messages`, `transport`, `retry`, `failures` and `client` know HTTP.
What the vendor documents ([doc]) is relied on; what was only observed ([obs]) is used where the server has it.

`client` and `transport` import httpx, which takes 0.1 s: import `client` where a command opens the API.
"""
