"""Where the jobs of curation run: in processes of this machine, or on a Ray cluster."""
