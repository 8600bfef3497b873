"""Training: one plan, one loader, one loop for every stage."""
