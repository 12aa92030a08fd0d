"""What only the loader uses: what S3 has, what is to be loaded, and Redshift."""
