"""One function per family of formats: path -> documents."""
