"""Workflow files: read, resolved, edited as text, turned into prompts.

document      a file (JSON, or a picture, sound or video that carries one) -> text and plain data
metadata      what pictures, sounds and videos carry
ui_format     what the canvas saves -> `graph.Graph`; `widgets` names its positional values
api_format    what the server is sent -> `graph.Graph`
graph         nodes, drawn links, values; `resolve` follows a link to where its value comes from
definitions   names and types of widgets and slots, from a committed snapshot (`snapshot`) or a server
edits         changes as data; `editor` applies them to the text so that nothing else changes (`spans`)
convert       canvas -> prompt
"""
