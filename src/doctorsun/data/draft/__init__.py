"""Drafting an adapter: look at a folder, guess its layout, and write the page with what is left to say."""
