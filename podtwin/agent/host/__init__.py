"""The host itself as a node: what its kernel and its drivers say of it, behind one protocol."""
