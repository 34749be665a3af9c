"""A folder of Parquet files, with a manifest that says which of them count: it is swapped as a whole."""
