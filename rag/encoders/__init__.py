"""What runs a sentence-transformers folder: onnxruntime where it has a graph, torch otherwise."""
