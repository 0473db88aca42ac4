"""Workflow files: read, resolved, edited as text, turned into prompts.

document     a file (JSON, picture, sound, video) -> text and plain data
ui_format    what the canvas saves -> `graph.Graph`
api_format   what the server is sent -> `graph.Graph`
graph        nodes, drawn links, and where a value really comes from
definitions  names and types of widgets and slots, from a committed snapshot or a server
edits        changes as data, applied to the text so that nothing else changes
convert      canvas -> prompt
"""
