"""Every flow as the vendor's own components draw it, on a page of this machine, and as pictures.

No code of the vendor's is part of flowsync: it is fetched from npm's registry by a list of names, versions and hashes,
joined with the frame's own source, and kept in the user's cache.
"""
