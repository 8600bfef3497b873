"""Hubs that publish weights and data sets: addresses, pinned revisions, pulling and pushing."""
