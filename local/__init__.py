"""Run the whole of CRM Bridge on a laptop: a local AWS, simulated CRMs, one journey through everything."""
