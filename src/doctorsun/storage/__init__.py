"""Where data lies on disk: atomic files and folders, and stores of samples in Parquet shards."""
