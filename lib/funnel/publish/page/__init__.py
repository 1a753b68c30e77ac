"""What both renderers' page gets beside what they make: charts in place of pictures, links, the dark look.

`charts` (a chart as HTML, with its values as tables) and `beside` (what lies beside the page) -> `dress`.
"""
