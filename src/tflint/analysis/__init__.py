"""Pure functions over models and graphs, for rules and reports to build on."""
