"""What the loader alone uses: what lies in S3, what is to be loaded, and the warehouse."""
