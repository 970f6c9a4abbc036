"""A report as a notebook shows it."""

import html


def inline(page):
    """`page`, a whole HTML document, as a frame in another one. It may run its own scripts, but has no part in the
    notebook's origin."""
    return (f'<iframe srcdoc="{html.escape(page, quote=True)}" sandbox="allow-scripts allow-downloads" '
            'title="LLM Explainer" style="width: 100%; height: 640px; border: 1px solid #8888; border-radius: 6px">'
            "</iframe>")
