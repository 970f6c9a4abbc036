"""Writes docs/api.md, the C++ API, from the comments in include/llmx/*.hpp. Doxygen parses the headers.

usage: scripts/api-docs [--check]
    --check: fail if the page is out of date, or if a public type or function has no comment
"""

from __future__ import annotations

import difflib
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include/llmx"
PAGE = ROOT / "docs/api.md"

DOXYFILE = """
INPUT = "{include}"
FILE_PATTERNS = *.hpp
OUTPUT_DIRECTORY = "{output}"
GENERATE_XML = YES
GENERATE_HTML = NO
GENERATE_LATEX = NO
XML_PROGRAMLISTING = NO
EXTRACT_ALL = YES
AUTOLINK_SUPPORT = NO
MACRO_EXPANSION = YES
EXPAND_ONLY_PREDEF = YES
PREDEFINED = LLMX_API=
QUIET = YES
WARNINGS = NO
"""

HEAD = """# C++ API

<!-- Written by scripts/api-docs from the comments in include/llmx/. Edit those and run it again. -->
Every public type and function of the library, header by header. `<llmx/llmx.hpp>` includes all headers. Names are in
the namespace `llmx`. Functions throw `llmx::Error`, and nothing else except `std::bad_alloc`. For an example see
[cpp.md](cpp.md).
"""


@dataclass
class Entity:
    """A public declaration: where it is, what it is, and its XML."""
    header: str
    line: int
    kind: str  # struct, class, enum, typedef, function, variable
    name: str  # without the namespace llmx
    xml: ET.Element


def main() -> int:
    if sys.argv[1:] not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as output:
        entities = read_xml(run_doxygen(output))
    undocumented = [e for e in entities if not text_of(e.xml)]
    page = render(entities)
    if sys.argv[1:] != ["--check"]:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    for e in undocumented:
        print(f"include/llmx/{e.header}:{e.line}: {e.name} has no comment", file=sys.stderr)
    found = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if found != page:
        changes = list(difflib.unified_diff(found.splitlines(), page.splitlines(), "docs/api.md", "the headers", n=0,
                                            lineterm=""))
        print(*changes[:20], sep="\n", file=sys.stderr)
        print("docs/api.md: is out of date; run scripts/api-docs and commit the page", file=sys.stderr)
    return 1 if undocumented or found != page else 0


def run_doxygen(output: str) -> pathlib.Path:
    subprocess.run(["doxygen", "-"], input=DOXYFILE.format(include=INCLUDE, output=output), text=True, check=True,
                   stdout=subprocess.DEVNULL)
    return pathlib.Path(output) / "xml"


# From Doxygen's XML to entities


def read_xml(folder: pathlib.Path) -> list[Entity]:
    """All public types and free functions, in the order of the headers."""
    entities = []
    for file in folder.glob("*.xml"):
        compound = ET.parse(file).getroot().find("compounddef")
        if compound is None or not compound.findtext("compoundname", "").startswith("llmx"):
            continue
        if compound.get("kind") in ("struct", "class"):
            entities.append(entity(compound, compound.findtext("compoundname", "")))
        elif compound.get("kind") == "namespace":
            entities += [entity(m, m.findtext("qualifiedname", "")) for m in compound.iter("memberdef")]
    return sorted(entities, key=lambda e: (e.header, e.line))


def entity(xml: ET.Element, name: str) -> Entity:
    location = xml.find("location")
    assert location is not None
    return Entity(pathlib.Path(location.get("file", "")).name, int(location.get("line", 0)), xml.get("kind", ""),
                  name.removeprefix("llmx::"), xml)


def text_of(xml: ET.Element) -> str:
    """The comment of a declaration, as Markdown."""
    blocks = [b for tag in ("briefdescription", "detaileddescription") if (d := xml.find(tag)) is not None
              for b in blocks_of(d)]
    return "\n\n".join(blocks)


def blocks_of(xml: ET.Element) -> Iterator[str]:
    """Paragraphs, lists and code of a description."""
    run = inline(xml.text)
    for child in xml:
        if child.tag in ("para", "itemizedlist", "verbatim"):
            if run.strip():
                yield " ".join(run.split())
            run = ""
            if child.tag == "para":
                yield from blocks_of(child)
            elif child.tag == "verbatim":
                yield "```\n" + "".join(child.itertext()).rstrip() + "\n```"
            else:
                yield "\n".join("- " + " ".join(blocks_of(item)) for item in child)
        else:
            run += span(child)
        run += inline(child.tail)
    if run.strip():
        yield " ".join(run.split())


def span(xml: ET.Element) -> str:
    content = "".join(xml.itertext())
    marks = {"computeroutput": f"`{content}`", "emphasis": f"*{content}*", "bold": f"**{content}**", "ndash": "--",
             "mdash": "---", "ref": inline(content), "ulink": inline(content), "linebreak": " "}
    if xml.tag not in marks:
        sys.exit(f"scripts/api-docs: <{xml.tag}> in a comment ({content!r}) is not supported; write it as plain text")
    return marks[xml.tag]


def inline(text: str | None) -> str:
    return (text or "").replace("*", "\\*").replace("<", "\\<")


# From entities to Markdown


def render(entities: list[Entity]) -> str:
    out = [HEAD]
    headers = sorted({e.header for e in entities})
    out.append("| header | declares |\n| --- | --- |")
    for header in headers:
        names = dict.fromkeys(f"`{e.name}`" for e in entities if e.header == header)
        out[-1] += f"\n| [`{header}`](#{header.replace('.', '')}) | {', '.join(names)} |"
    for header in headers:
        out.append(f"## {header}\n{purpose(header)}")
        last = ""
        for e in entities:
            if e.header != header:
                continue
            if e.name != last:  # overloads share a heading
                out.append(f"### {KEYWORD.get(e.kind, '')}{e.name}")
            last = e.name
            out += [part for part in RENDER[e.kind](e) if part]
    return "\n\n".join(out) + "\n"


def purpose(header: str) -> str:
    """The comment at the top of a header."""
    lines = (INCLUDE / header).read_text(encoding="utf-8").splitlines()
    comment = []
    for line in lines[1:]:
        if not line.startswith("//"):
            break
        comment.append(line.removeprefix("//").strip())
    if not comment:
        sys.exit(f"include/llmx/{header}: has no comment below #pragma once that states its purpose")
    return " ".join(comment)


def render_type(e: Entity) -> Iterator[str]:
    if bases := [f"{b.get('prot')} {b.text}" for b in e.xml.findall("basecompoundref")]:
        yield code(f"{e.kind} {e.name} : {', '.join(bases)};")
    yield text_of(e.xml)
    members = [m for m in e.xml.iter("memberdef") if m.get("prot") == "public"]
    rows = member_rows([m for m in members if m.get("kind") == "variable"])
    if rows:
        yield "| member | default | meaning |\n| --- | --- | --- |\n" + "\n".join(rows)
    for m in members:
        if m.get("kind") != "variable" and not is_housekeeping(m):
            yield from RENDER[m.get("kind", "")](entity(m, m.findtext("name", "")))


def is_housekeeping(member: ET.Element) -> bool:
    """A destructor, or a copy or move of the object."""
    name, types = member.findtext("name", ""), [type_of(p) for p in member.findall("param")]
    return name.startswith(("~", "operator=")) or types in ([f"{name}&&"], [f"const {name}&"])


def member_rows(variables: list[ET.Element]) -> list[str]:
    """One row per declaration: variables that share a line share its comment."""
    by_line: dict[str, list[ET.Element]] = {}
    for v in variables:
        location = v.find("location")
        assert location is not None
        by_line.setdefault(location.get("line", ""), []).append(v)
    rows = []
    for group in by_line.values():
        names = ", ".join(v.findtext("name", "") for v in group)
        initial = initializer(group[-1])
        meaning = " ".join(filter(None, (text_of(v) for v in group))).replace("\n", " ").replace("|", "\\|")
        default = f"`{initial}`" if initial not in ("", "{}") else ""
        rows.append(f"| `{type_of(group[0])} {names}` | {default} | {meaning} |")
    return rows


def initializer(xml: ET.Element) -> str:
    return tidy("".join(i.itertext())).lstrip("= ") if (i := xml.find("initializer")) is not None else ""


def type_of(xml: ET.Element) -> str:
    return tidy("".join(t.itertext()) if (t := xml.find("type")) is not None else "")


def tidy(text: str) -> str:
    """C++ as clang-format writes it, from C++ as Doxygen does."""
    text = " ".join(text.split()).replace("< ", "<").replace(" >", ">").replace("[[nodiscard]] ", "")
    return text.replace(" &", "&").replace(" *", "*")


def render_function(e: Entity) -> Iterator[str]:
    parameters = []
    for p in e.xml.findall("param"):
        kind = type_of(p)
        name, default = p.findtext("declname"), p.find("defval")
        parameters.append(kind + (f" {name}" if name else "")
                          + (f" = {tidy(''.join(default.itertext()))}" if default is not None else ""))
    name = e.xml.findtext("name", "")
    arguments = e.xml.findtext("argsstring", "")
    suffix = "".join(f" {word}" for word in ("const", "noexcept") if word in arguments.rpartition(")")[2])
    prefix = "".join(f"{word} " for word in ("explicit", "static") if e.xml.get(word) == "yes")
    start = " ".join(f"{prefix}{type_of(e.xml)} {name}(".split())
    line = start + ", ".join(parameters) + f"){suffix};"
    if len(line) > 110:
        line = start + "\n    " + ",\n    ".join(parameters) + f"){suffix};"
    yield code(line)
    yield text_of(e.xml)


def render_enum(e: Entity) -> Iterator[str]:
    yield text_of(e.xml)
    rows = []
    for v in e.xml.findall("enumvalue"):
        number = f" = {initializer(v)}" if initializer(v) else ""
        rows.append(f"| `{v.findtext('name')}{number}` | {text_of(v)} |")
    yield "| value | meaning |\n| --- | --- |\n" + "\n".join(rows)


def render_alias(e: Entity) -> Iterator[str]:
    yield code(f"using {e.name} = {type_of(e.xml)};")
    yield text_of(e.xml)


def render_constant(e: Entity) -> Iterator[str]:
    yield code(f"{type_of(e.xml)} {e.name} = {initializer(e.xml)};")
    yield text_of(e.xml)


def code(text: str) -> str:
    return f"```cpp\n{text}\n```"


KEYWORD = {"struct": "struct ", "class": "class ", "enum": "enum class "}
RENDER = {"struct": render_type, "class": render_type, "enum": render_enum, "typedef": render_alias,
          "function": render_function, "variable": render_constant}

if __name__ == "__main__":
    sys.exit(main())
