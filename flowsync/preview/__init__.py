"""Every flow drawn by the vendor's own components, on a local page and as pictures.

flowsync contains no code of the vendor: it fetches it from npm's registry by a list of names, versions and hashes,
bundles it with the frame's source, and keeps the bundle in the user's cache.
"""
