"""The live side: the protocols that reach the API, its rows, its lists and versions, and the row to write.

Everything known of the API's paths is here; how bytes travel is `http`'s business. What the vendor
documents ([doc]) is relied on; what it only showed elsewhere ([obs]) is used where it answers, and done
without where it does not.

Names are loaded from their modules when first used: offline commands pay for none.
"""
