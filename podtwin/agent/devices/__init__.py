"""Devices beside the host: meters, cooling units and boards that are asked over the network."""
