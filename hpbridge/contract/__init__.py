"""What plugins and core agree on: records, capabilities, hooks, the registry."""
