"""Our side of each measurement: the product's own code, on the servers of `bench.servers`."""
