"""Physics of a module: arrays in, arrays out; no files, no network, no clock."""
