"""How the page looks: light, dark, on a phone, on paper. One constant, for a page brings all it needs."""

from __future__ import annotations

from typing import Final

_COLOURS: Final = """\
:root {
  color-scheme: light dark;
  --page: #ffffff; --raised: #f6f7f9; --ink: #1d232b; --quiet: #57606b; --line: #d9dfe6; --link: #0a52bd;
  --less: #8f1022; --less-page: #fff1f0; --less-mark: #ffcfcb;
  --more: #0c5a2a; --more-page: #edfaf0; --more-mark: #b7ecc5;
  --warn: #6f4400; --warn-page: #fff5dc; --warn-line: #e3b54f;
  --calm: #0a52bd; --calm-page: #eaf2ff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f141a; --raised: #171e26; --ink: #e3e8ee; --quiet: #9ba7b4; --line: #2c3640; --link: #82b6ff;
    --less: #ffb4ad; --less-page: #2b1719; --less-mark: #6d262b;
    --more: #97e0ac; --more-page: #10241a; --more-mark: #1f5a36;
    --warn: #f2cb7d; --warn-page: #2a2212; --warn-line: #7d6225;
    --calm: #a4c9ff; --calm-page: #14233a;
  }
}
"""

_TEXT: Final = """\
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
}
h1, h2, h3, h4, h5 { line-height: 1.3; margin: 0; font-weight: 650; text-wrap: pretty; }
h1 { font-size: 1.6rem; letter-spacing: -0.01em; }
p, ul, ol, dl { margin: 0; }
a { color: var(--link); text-underline-offset: 0.15em; }
code, pre { font: 0.875em/1.55 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { margin: 0; white-space: pre-wrap; }
ins, del { text-decoration: none; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.wide { max-width: 76rem; margin: 0 auto; padding-inline: 1.25rem; }
.quiet { color: var(--quiet); }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 0.5rem; padding: 0.5rem 0.75rem; background: var(--page); z-index: 1; }
"""

_PARTS: Final = """\
.top { border-top: 5px solid var(--calm); background: var(--raised); border-bottom: 1px solid var(--line); }
.top.refused { border-top-color: var(--less); }
.top.nothing { border-top-color: var(--more); }
.top .wide { padding-top: 1.25rem; padding-bottom: 1.4rem; }
.where { display: flex; flex-wrap: wrap; gap: 0.1rem 0.75rem; font-size: 0.9375rem; color: var(--quiet); }
.where strong { color: var(--ink); }
.top h1, .environment h2.verdict { margin: 0.4rem 0 0.3rem; }
.contents { list-style: none; padding: 0; margin-top: 0.6rem; display: flex; flex-wrap: wrap; gap: 0.2rem 1.25rem; }
.sharers {
  list-style: none; padding: 0; display: grid; gap: 0.3rem 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr));
}
.environment > .contents { margin-top: 0.4rem; }
main { padding-top: 1.5rem; padding-bottom: 1.5rem; }
main section { margin-bottom: 2.25rem; }
h2, .environment > section > h3 { font-size: 1.25rem; margin-bottom: 0.75rem; }
.environment { border-top: 5px solid var(--calm); padding-top: 1.25rem; margin-top: 2.5rem; }
.environment.refused, .environment.missing { border-top-color: var(--less); }
.environment.nothing { border-top-color: var(--more); }
.environment:first-child { margin-top: 0; }
.environment > section { margin-top: 1.5rem; }
.environment > .banners { margin: 1rem 0; }
.all { display: grid; }
.list { padding-left: 1.25rem; }
.list li + li { margin-top: 0.25rem; }

.card { border: 1px solid var(--line); border-left-width: 4px; border-radius: 6px; padding: 0.8rem 1rem; }
.card + .card { margin-top: 0.75rem; }
.card > * + * { margin-top: 0.4rem; }
.card h3, .card h4 { font-size: 1rem; }
.card.refused { border-left-color: var(--less); background: var(--less-page); }
.card.warn { border-left-color: var(--warn-line); background: var(--warn-page); }
.card.calm { background: var(--raised); }
.card pre { background: var(--page); border: 1px solid var(--line); border-radius: 4px; padding: 0.5rem 0.75rem; }
.banners { margin-bottom: 1rem; }
.banners + section { margin-top: 1.75rem; }

.chip {
  display: inline-block; padding: 0 0.5em; border-radius: 1em; border: 1px solid var(--line); background: var(--raised);
  font: 600 0.8125rem/1.6 system-ui, sans-serif; color: var(--quiet); white-space: nowrap; vertical-align: 0.06em;
}
.chip.less { color: var(--less); background: var(--less-page); border-color: currentColor; }
.chip.more { color: var(--more); background: var(--more-page); border-color: currentColor; }
.chip.warn { color: var(--warn); background: var(--warn-page); border-color: var(--warn-line); }
.chip.calm { color: var(--calm); background: var(--calm-page); border-color: transparent; }

table { border-collapse: collapse; width: 100%; font-size: 0.9375rem; }
th, td { text-align: left; vertical-align: top; padding: 0.45rem 0.75rem 0.45rem 0; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--quiet); font-size: 0.8125rem; padding-top: 0; }
tbody th { font-weight: inherit; }
.ranking td:first-child { width: 1px; white-space: nowrap; }
.ranking tbody th { width: 26%; }
.ranking { margin-bottom: 1.75rem; }
"""

_CHANGES: Final = """\
.change, .shared { border: 1px solid var(--line); border-radius: 8px; background: var(--page); }
.change + .change, .shared + .change, .shared + .shared { margin-top: 0.75rem; }
.change > summary, .shared > summary {
  padding: 0.7rem 1rem; background: var(--raised); border-radius: 7px; cursor: pointer;
}
.change[open] > summary, .shared[open] > summary { border-bottom: 1px solid var(--line); border-radius: 7px 7px 0 0; }
.change[open] > summary, .shared[open] > summary { position: sticky; top: 0; z-index: 1; }
.change:has(> .body:target), .shared:has(> .body:target) { border-color: var(--link); }
.change > summary:hover, .shared > summary:hover { color: var(--link); }
.change > summary > :first-child, .shared > summary > :first-child { display: inline; font-size: 1rem; }
.change > summary > .quiet { font-size: 0.9375rem; }
.body { padding: 0.9rem 1rem 1rem; scroll-margin-top: 4.5rem; }
.body > * + * { margin-top: 1rem; }
.facts { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; font-size: 0.9375rem; color: var(--quiet); }
.meanings { list-style: none; padding: 0; display: grid; gap: 0.3rem; }
.function { border-left: 3px solid var(--line); padding-left: 0.9rem; }
.function > * + * { margin-top: 0.6rem; }
.function > :first-child { font-size: 1rem; }
.field > :first-child { font-size: 0.9375rem; font-weight: 400; margin-bottom: 0.4rem; }
.field > :first-child code { font-weight: 650; }

.fields > div {
  display: grid; grid-template-columns: minmax(11rem, 1fr) 3fr; gap: 0.1rem 1.25rem; padding: 0.4rem 0;
  border-top: 1px solid var(--line);
}
.fields > div:first-child { border-top: 0; padding-top: 0; }
.fields dt { font-size: 0.9375rem; }
.fields dd { margin: 0; font: 0.875em/1.7 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.fields del, .fields ins {
  padding: 0.05em 0.3em; border-radius: 3px; -webkit-box-decoration-break: clone; box-decoration-break: clone;
}
.fields del { color: var(--less); background: var(--less-page); text-decoration: line-through 1px; }
.fields ins { color: var(--more); background: var(--more-page); }

.sides { border: 1px solid var(--line); border-radius: 6px; overflow: hidden; font-size: 0.9375rem; line-height: 1.6; }
.sides.code { font: 0.8125rem/1.6 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.sides > * { padding: 0.25rem 0.75rem; }
.line { display: block; white-space: pre-wrap; min-height: 1.6em; padding-left: 1.1em; text-indent: -1.1em; }
.line::before {
  content: " "; display: inline-block; width: 1.1em; text-indent: 0; font-family: ui-monospace, monospace;
}
.less .line::before { content: "−"; content: "−" / ""; }
.more .line::before { content: "+"; content: "+" / ""; }
.same { color: var(--quiet); }
.pair { padding: 0; display: grid; }
.pair > div { padding: 0.25rem 0.75rem; }
.sides > .less, .pair > .less { background: var(--less-page); }
.sides > .more, .pair > .more { background: var(--more-page); }
.line del { background: var(--less-mark); text-decoration: line-through 1px; border-radius: 2px; }
.line ins {
  background: var(--more-mark); text-decoration: underline 1px; text-underline-offset: 0.2em; border-radius: 2px;
}
.end { color: var(--quiet); font-size: 0.85em; -webkit-user-select: none; user-select: none; }
.gap { background: var(--raised); color: var(--quiet); font-size: 0.875rem; border-block: 1px solid var(--line); }
.gap > summary { cursor: pointer; }
.fold > summary { cursor: pointer; color: var(--quiet); font-size: 0.9375rem; width: fit-content; }
.fold > :last-child { margin-top: 0.5rem; }
.fold > pre { background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: 0.6rem 0.8rem; }
.foot { border-top: 1px solid var(--line); background: var(--raised); font-size: 0.9375rem; }
.foot .wide { padding-top: 1.1rem; padding-bottom: 1.75rem; display: grid; gap: 0.5rem; }
.words { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; }
.words dd { margin: 0; }
"""

_ROOM: Final = """\
@media (min-width: 56rem) {
  .pair { grid-template-columns: 1fr 1fr; }
  .pair > .more { border-left: 1px solid var(--line); }
}
@media (max-width: 40rem) {
  h1 { font-size: 1.4rem; }
  .wide { padding-inline: 0.9rem; }
  .ranking thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .ranking tr { display: block; border-top: 1px solid var(--line); padding: 0.55rem 0; }
  .ranking th, .ranking td { display: block; border: 0; padding: 0.05rem 0; }
  .ranking td:first-child, .ranking tbody th { width: auto; white-space: normal; }
  .fields > div { grid-template-columns: 1fr; }
  .sides > *, .pair > div { padding-inline: 0.5rem; }
  .sides > .pair { padding: 0; }
  .body { padding-inline: 0.75rem; scroll-margin-top: 6.5rem; }
  .change[open] > summary, .shared[open] > summary { position: static; }
  .words { grid-template-columns: 1fr; }
  .words dd { margin-bottom: 0.5rem; }
}
@media (forced-colors: active) {
  .line ins { text-decoration: underline 2px; }
  .chip, .card { border: 1px solid; }
}
@media print {
  body { font-size: 10.5pt; }
  .skip, nav { display: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
  .fold { display: none; }
  .card, .pair, .fields > div { break-inside: avoid; }
  summary { break-after: avoid; }
  .top, .foot { background: none; }
}
"""

SHEET: Final = "\n" + _COLOURS + _TEXT + _PARTS + _CHANGES + _ROOM
