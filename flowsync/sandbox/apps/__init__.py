"""The sandbox as apps see it through the vendor's browser SDK: flows, users, and users' progress."""
