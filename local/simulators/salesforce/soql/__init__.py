"""SOQL: a parser and an evaluator for what integrators send."""
