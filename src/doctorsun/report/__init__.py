"""Reports: a page, a JSON file and a terminal table, made from the files of a run folder only."""
