"""The API on one page, drawn from its OpenAPI description: no script, no font, nothing from elsewhere."""

import html
import json
from typing import Any

_STYLE = """\
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
h2{margin-top:2.5rem;border-bottom:1px solid #ddd}code,pre{background:#f5f5f2;border-radius:4px}
code{padding:.1rem .3rem}
pre{padding:.7rem;overflow:auto}summary{cursor:pointer}b.m{display:inline-block;min-width:4.5rem}
table{border-collapse:collapse}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{background:#161616;color:#e6e6e6}code,pre{background:#242424}h2{border-color:#333}}"""


def page(api: dict[str, Any]) -> str:
    """The page of an OpenAPI description."""
    tags: dict[str, list[str]] = {}
    for path, methods in api["paths"].items():
        for method, route in methods.items():
            tags.setdefault(route.get("tags", ["other"])[0], []).append(_route(path, method, route))
    body = "".join(f"<h2>{html.escape(tag)}</h2>{''.join(routes)}" for tag, routes in tags.items())
    info = api["info"]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{html.escape(info['title'])}</title><style>{_STYLE}</style><h1>{html.escape(info['title'])}</h1>"
        f"<p>{html.escape(info['description'])}</p><p>For machines: <a href=/v1/openapi.json>openapi.json</a></p>{body}"
    )


def _route(path: str, method: str, route: dict[str, Any]) -> str:
    parts = [f"<p>{html.escape(route.get('description', ''))}</p>"]
    rows = [
        f"<tr><td><code>{html.escape(one['name'])}</code></td><td>{html.escape(_kind(one['schema']))}</td>"
        f"<td>{html.escape(one.get('description') or one['schema'].get('description', ''))}</td></tr>"
        for one in route.get("parameters", ())
    ]
    if rows:
        parts.append(f"<table><tr><th>parameter</th><th>kind</th><th></th></tr>{''.join(rows)}</table>")
    content = route.get("requestBody", {}).get("content", {}).get("application/json")
    if content:
        example = json.dumps(content.get("example"), indent=1, ensure_ascii=False)
        parts.append(f"<p>Send, for example:</p><pre>{html.escape(example)}</pre>")
    return (
        f"<details><summary><b class=m>{method.upper()}</b> <code>{html.escape(path)}</code>"
        f" {html.escape(route.get('summary', ''))}</summary>{''.join(parts)}</details>"
    )


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return _kind(schema["anyOf"][0])
    bounds = [f"{sign} {schema[name]}" for sign, name in (("≥", "minimum"), ("≤", "maximum")) if name in schema]
    default = f", {schema['default']} by default" if schema.get("default") not in (None, "") else ""
    return " ".join([str(schema.get("type", "")), *bounds]) + default
