"""Adapters: what the folders and labels of a data set mean, one YAML page each."""
