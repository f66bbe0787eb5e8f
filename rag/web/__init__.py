"""The Gradio pages, and the same functions over REST and MCP."""
