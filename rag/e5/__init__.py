"""The bundled model's parts: its packed weights, its tokeniser and its ONNX graph."""
