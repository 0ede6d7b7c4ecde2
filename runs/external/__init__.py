"""Reading runs made elsewhere: a module for each format, its entry in `read.FORMATS`."""
