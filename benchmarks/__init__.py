"""Speed, memory and quality, measured as ratios in one run; `make bench` starts `benchmarks.bench`."""
