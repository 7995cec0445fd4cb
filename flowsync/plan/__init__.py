"""What applying would do: each file's row chosen and compared, warned about, counted and hashed.

Names are loaded from their modules when first used: a plan that is not saved pays for no reading of saved ones.
"""
