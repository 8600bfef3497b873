"""Images: files and arrays to pixels and facts."""
