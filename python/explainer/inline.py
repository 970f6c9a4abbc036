"""A report as a notebook shows it."""

import html


def inline(page: str) -> str:
    """`page`, a whole HTML document, in a frame. Its scripts run, but in an origin of their own, apart from the
    notebook's."""
    return (f'<iframe srcdoc="{html.escape(page, quote=True)}" sandbox="allow-scripts allow-downloads" '
            'title="LLM Explainer" style="width: 100%; height: 640px; border: 1px solid #8888; border-radius: 6px">'
            "</iframe>")


__all__ = ["inline"]
