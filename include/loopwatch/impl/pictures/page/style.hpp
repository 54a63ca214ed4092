// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"

#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

inline constexpr std::string_view page_style = R"css(
:root {
  --back: #ffffff; --text: #1f2328; --faint: #656d76; --line: #d8dee4; --row: #f6f8fa; --link: #0969da; --mark: #fff3c4;
  --cpu: #d1242f; --blocking-call: #0a6bd6; --lock: #8250df; --self-deadlock: #bf3989; --disk: #1a7f37; --backlog: #9a6700;
  --starved: #57606a; --suspended: #8c959f; --unknown: #3d444d; --delay: #b6c2cf;
  --sans: system-ui, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, "DejaVu Sans", sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0d1117; --text: #e6edf3; --faint: #8d96a0; --line: #30363d; --row: #161b22; --link: #6cb6ff; --mark: #3b2e0a;
    --cpu: #ff7b72; --blocking-call: #58a6ff; --lock: #bc8cff; --self-deadlock: #f778ba; --disk: #56d364; --backlog: #e3b341;
    --starved: #8b949e; --suspended: #6e7681; --unknown: #c9d1d9; --delay: #3d4855;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 90rem; background: var(--back); color: var(--text);
  font: 15px/1.5 var(--sans); }
h1 { margin: 0; font-size: 1.6rem; }
h2 { margin: 0; font-size: 1.1rem; }
section { margin-top: 2rem; }
section > h2 { margin-bottom: .5rem; }
#summary { margin: .25rem 0 0; color: var(--faint); }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
button, input[type="search"] { font: inherit; color: inherit; background: var(--row); border: 1px solid var(--line);
  border-radius: 6px; padding: .1rem .6rem; }
input[type="search"] { width: 18rem; }
button { cursor: pointer; }
button:hover { border-color: var(--faint); }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; margin-bottom: .5rem; }
.bar h2 { margin-right: auto; }

table { width: 100%; border-collapse: collapse; }
th { padding: .3rem .6rem; text-align: left; font-weight: 600; font-size: .85rem; color: var(--faint);
  border-bottom: 1px solid var(--line); }
td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr { cursor: pointer; }
tbody tr:hover, tbody tr.open { background: var(--row); }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.function { font-family: var(--mono); font-size: .87rem; overflow-wrap: anywhere; color: var(--text); }
.place { display: block; color: var(--faint); font-family: var(--mono); font-size: .8rem; }
.cause, .when { white-space: nowrap; font-variant-numeric: tabular-nums; }
.cause::before { content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .45em; border-radius: 2px;
  background: var(--colour); }
.excused { color: var(--faint); }
.share { width: 16%; }
.share div { display: flex; align-items: center; gap: .5rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.share span { flex: 1; height: .55rem; border-radius: 3px; background: var(--row); overflow: hidden; }
.share b { min-width: 2.6em; font-weight: normal; text-align: right; }
.share i { display: block; height: 100%; background: var(--colour); }

#legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem; }
.zoom button { min-width: 2rem; border-radius: 0; margin-left: -1px; }
.zoom button:first-child { border-radius: 6px 0 0 6px; }
.zoom button:last-child { border-radius: 0 6px 6px 0; }
#timeline { display: grid; grid-template-columns: minmax(4rem, max-content) minmax(0, 1fr); }
#timeline > .bar { grid-column: 1 / -1; }
#names { padding-top: 1.6rem; max-width: 16rem; }
#names div { display: flex; flex-direction: column; justify-content: center; padding-right: .8rem; overflow-wrap: anywhere;
  line-height: 1.25; border-top: 1px solid var(--line); }
#names small { color: var(--faint); }
#scroller { overflow-x: auto; border-right: 1px solid var(--line); border-left: 1px solid var(--line); }
#lanes { position: relative; }
.axis { position: relative; height: 1.6rem; overflow: hidden; }
.axis span { position: absolute; padding-left: .3rem; font-size: .78rem; line-height: 1.6rem; color: var(--faint);
  white-space: nowrap; border-left: 1px solid var(--line); font-variant-numeric: tabular-nums; }
.loop { position: relative; border-top: 1px solid var(--line); }
.loop svg { position: absolute; inset: 0; width: 100%; height: 100%; fill: var(--delay); }
.loop a { position: absolute; min-width: 3px; border-radius: 2px; background: var(--colour); }
.loop a:hover, .loop a.open { outline: 2px solid var(--text); outline-offset: 1px; z-index: 1; }
.loop a.excused { opacity: .4; }
.loop a.hidden { opacity: .08; }

#report { position: fixed; z-index: 2; inset: 0 0 0 auto; width: min(62rem, 100%); padding: 1rem 1.2rem; overflow: auto;
  background: var(--back); border-left: 1px solid var(--line); box-shadow: 0 0 2rem rgb(0 0 0 / .3); }
#report-title:focus { outline: none; }
#report[hidden] { display: none; }
#report a[aria-disabled] { color: var(--faint); pointer-events: none; }
#text { margin: 0; padding: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--row); border: 1px solid var(--line);
  border-radius: 6px; font: .82rem/1.55 var(--mono); tab-size: 4; }
#text b { color: var(--cpu); }
#text i { font-style: normal; color: var(--faint); }
#text span { display: block; padding-left: 11ch; text-indent: -11ch; }
#text .culprit { background: var(--mark); }
#text .folded { color: var(--faint); }
@media print { #report { position: static; box-shadow: none; border: 0; width: auto; } .zoom, #filter { display: none; } }
)css";

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
