"""What brings readings to a broker: tables from files, and simulated sites."""
