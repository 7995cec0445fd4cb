"""The sandbox as apps see it through the vendor's browser SDK: flows, users, and how far each user is."""
