"""What people do about renewals, each in one transaction."""
