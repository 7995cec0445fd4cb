"""HTTP over httpx: the protocols of `live`, and plain JSON to GitHub.

Nothing here knows what a flow is. This room holds the key, tries again where that is safe, says in
plain words what a failure means, and lets no secret out. It takes 0.1 s to import: import it late.
"""
