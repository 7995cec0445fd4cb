"""One canonical form of a text: what it says and every comment stay, and so does how the author wrote each value.

Lines move with their keys and get another margin; nothing is written anew. The result is always read again and must
say the same with the same comments, else the text is left as it is and the reason told.
"""

from flowsync.document.formatting.formatted import formatted
from flowsync.document.formatting.order import KeyOrder

__all__ = ["KeyOrder", "formatted"]
