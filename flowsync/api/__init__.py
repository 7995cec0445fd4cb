"""Frigade's API: its client, its rows, and which row of a flow to write.

`rows` and `endpoints` know flows and paths; `messages`, `transport`, `retry` and `client` know HTTP. The code relies on
what the vendor documents ([doc]), and uses what was only observed ([obs]) if the server has it.

`client` and `transport` import httpx, which takes 0.1 s: import `client` where a command opens the API.
"""
