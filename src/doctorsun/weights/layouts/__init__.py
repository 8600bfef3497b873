"""Published layouts of weights: each module knows one, finds it on disk and reads it into parts."""
