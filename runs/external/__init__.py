"""Reading runs made elsewhere: a reader for each format, `read.read_log_energies` in front of them."""
