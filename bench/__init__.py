"""Side-by-side measurements: our paths against well-known peers and against the obvious code, as ratios of one run."""
