"""How good the answers are: evaluation sets in, metrics, comparisons, reports and plots out."""
