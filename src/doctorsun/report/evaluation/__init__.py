"""Reports of an evaluation: scores beside controls, items to browse, what others published, and exports."""
