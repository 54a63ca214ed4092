// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"

#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Text from the recording becomes text nodes only, so that none of it is ever read as HTML.
inline constexpr std::string_view page_script = R"js("use strict";
const recording = JSON.parse(document.getElementById("recording").textContent);
const {loops, blocks, paths, lines} = recording;
const $ = id => document.getElementById(id);
let open = -1;      // the number of the block whose report is shown, or -1
let openedBy = null;

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function length(ms) {
  if (ms < 1) return (ms * 1000).toFixed(1) + " us";
  if (ms < 1000) return ms.toFixed(1) + " ms";
  if (ms < 120000) return (ms / 1000).toFixed(2) + " s";
  return (ms / 60000).toFixed(1) + " min";
}

function time(ms, digits) {
  const at = new Date(ms);
  const two = n => String(n).padStart(2, "0");
  const text = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  return digits ? text + "." + String(at.getMilliseconds()).padStart(3, "0").slice(0, digits) : text;
}

const least = values => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = values => values.reduce((a, b) => Math.max(a, b), -Infinity);
const colour = cause => "var(--" + cause.replaceAll(" ", "-") + ")";
const count = (n, what) => n.toLocaleString("en") + " " + what + (n === 1 ? "" : "s");
const hash = number => "#block-" + (number + 1);

function causeCell(cause, excuse) {
  const cell = make("td", "cause" + (excuse ? " excused" : ""), cause + (excuse ? ", excused" : ""));
  cell.style.setProperty("--colour", colour(cause));
  return cell;
}

function link(number, text) {
  const to = make("a", "function", text);
  to.href = hash(number);
  return to;
}

// A click anywhere in a row is one on its link; but who selects text in it wants the text.
function opens(row, number) {
  row.dataset.block = number;
  row.addEventListener("click", event => {
    if (event.target.closest("a") || String(getSelection())) return;
    location.hash = hash(number);
  });
  return row;
}

// --- what it is about ---

const blamed = blocks.filter(block => !block.excuse);
const begin = least(blocks.map(block => block.at));
const end = most(blocks.map(block => block.at + block.ms));

function summarize() {
  const parts = [];
  if (blamed.length) {
    const total = blamed.reduce((sum, block) => sum + block.ms, 0);
    parts.push(count(blamed.length, "block") + " of " + count(new Set(blamed.map(block => block.loop)).size, "loop") +
               ", " + length(total) + " in all");
  } else {
    parts.push("Nothing blocked: there is no block to blame anybody for");
  }
  const excused = blocks.length - blamed.length;
  if (excused) parts.push(count(excused, "wait") + " that nobody is blamed for");
  if (recording.leftOut) parts.push(count(recording.leftOut, "more block") + " left out");
  if (blocks.length) parts.push(new Date(begin).toLocaleDateString() + ", " + time(begin) + " to " + time(end));
  $("summary").textContent = parts.join("; ") + ". Written by " + recording.by + ".";
  $("ranking").hidden = !paths.length;
  $("blocks").hidden = !blocks.length;
  $("timeline").hidden = !loops.some(loop => loop.delays.length) && !blocks.length;
}

// --- the ranking ---

function rank() {
  const all = paths.reduce((sum, path) => sum + path.total, 0);
  for (const path of paths) {
    const name = make("td", "", link(path.block, path.culprit || "(no function is known)"));
    if (path.place) name.append(make("span", "place", path.place));
    const filled = make("i");
    filled.style.width = path.total / all * 100 + "%";
    const share = make("td", "share", make("div", "", make("span", "", filled),
      make("b", "", Math.round(path.total / all * 100) + "%")));
    share.style.setProperty("--colour", colour(path.cause));
    $("ranking").querySelector("tbody").append(opens(make("tr", "", name, causeCell(path.cause),
      make("td", "number", path.times.toLocaleString("en")), make("td", "number", length(path.longest)),
      make("td", "number", length(path.total)), share), path.block));
  }
}

// --- the time line ---

let zoom = 1;
const laneHeight = 22;
const height = loop => Math.max(loop.lanes * laneHeight + 12, 46);
const times = loops.flatMap(loop => loop.delays.map(point => point.at));
const first = least([begin, ...times]);
const last = most([end, ...times]);
const span = Math.max(last - first, 1) * 1.02;  // what is at the end has room
const position = ms => (ms - first) / span * 100 + "%";
const bars = [];  // of each block

function drawAxis() {
  const axis = document.querySelector(".axis");
  axis.replaceChildren();
  const wanted = span / zoom / Math.max($("scroller").clientWidth / 110, 2);  // between two labels
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5];
  const step = steps.find(each => each >= wanted) || Math.ceil(wanted / 36e5) * 36e5;
  const digits = step >= 1000 ? 0 : step >= 100 ? 1 : 3;
  // Zoomed in, only what is seen is labelled: else there were thousands.
  const seen = span / zoom;
  const left = first + $("scroller").scrollLeft / Math.max($("lanes").clientWidth, 1) * span;
  const from = Math.max(first, left - seen);
  for (let at = Math.ceil(from / step) * step; at < Math.min(first + span, left + 2 * seen); at += step) {
    const label = make("span", "", time(at, digits));
    label.style.left = position(at);
    axis.append(label);
  }
}

function delayShape(points) {
  const highest = most(points.map(point => point.ms)) || 1;
  let path = "M0 100";
  points.forEach((point, i) => {
    const x = (point.at - first) / span * 1000;
    const next = i + 1 < points.length ? points[i + 1].at : last;
    const y = 100 - point.ms / highest * 85;
    path += `L${x} 100L${x} ${y}L${(next - first) / span * 1000} ${y}L${(next - first) / span * 1000} 100`;
  });
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 1000 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  shape.setAttribute("d", path + "Z");
  svg.append(shape);
  return svg;
}

function drawBlock(number) {
  const block = blocks[number];
  const bar = make("a", block.excuse ? "excused" : "");
  bar.href = hash(number);
  bar.tabIndex = -1;
  bar.style.left = position(block.at);
  bar.style.width = block.ms / span * 100 + "%";
  bar.style.top = 6 + block.lane * laneHeight + "px";
  bar.style.height = (loops[block.loop].lanes === 1 ? height(loops[block.loop]) - 13 : laneHeight - 4) + "px";
  bar.style.setProperty("--colour", colour(block.cause));
  bar.title = `${length(block.ms)} at ${time(block.at, 3)}: ${block.why}\n${block.culprit}`;
  bar.setAttribute("aria-label", `block ${number + 1}, ${length(block.ms)}, ${block.cause}: ${block.culprit}`);
  return bar;
}

function drawLoops() {
  $("lanes").append(make("div", "axis"));
  loops.forEach((loop, i) => {
    const name = make("div", "", loop.name);
    const track = make("div", "loop");
    track.setAttribute("role", "group");
    track.setAttribute("aria-label", loop.name);
    name.style.height = track.style.height = height(loop) + "px";
    if (loop.delays.length) {
      track.append(delayShape(loop.delays));
      name.append(make("small", "", "delay to " + length(most(loop.delays.map(point => point.ms)))));
    }
    $("names").append(name);
    $("lanes").append(track);
    // A loop is one stop of the tab key; in it arrows go from block to block.
    const own = [];
    blocks.forEach((block, number) => {
      if (block.loop !== i) return;
      bars[number] = drawBlock(number);
      own.push(bars[number]);
      track.append(bars[number]);
    });
    if (own.length) own[0].tabIndex = 0;
    track.addEventListener("keydown", event => {
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      const next = own[own.indexOf(document.activeElement) + step];
      if (!step || !next) return;
      event.preventDefault();
      document.activeElement.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  });
  const causes = [...new Set(blocks.map(block => block.cause))].sort();
  for (const cause of causes) {
    const entry = make("span", "cause", cause);
    entry.style.setProperty("--colour", colour(cause));
    $("legend").append(entry);
  }
}

function zoomTo(factor) {
  const scroller = $("scroller");
  const middle = (scroller.scrollLeft + scroller.clientWidth / 2) / Math.max($("lanes").clientWidth, 1);
  zoom = Math.min(Math.max(factor, 1), 4096);
  $("lanes").style.width = zoom * 100 + "%";
  scroller.scrollLeft = middle * $("lanes").clientWidth - scroller.clientWidth / 2;
  drawAxis();
}

// --- the table of blocks ---

const rows = [];

function list() {
  const table = document.createDocumentFragment();
  blocks.forEach((block, number) => {
    const culprit = make("td", "", link(number, block.culprit || block.why));
    if (block.place) culprit.append(make("span", "place", block.place));
    rows[number] = opens(make("tr", block.excuse ? "excused" : "", make("td", "number", number + 1),
      make("td", "when", time(block.at, 3)), make("td", "", loops[block.loop].name),
      make("td", "number", length(block.ms)), causeCell(block.cause, block.excuse), culprit), number);
    table.append(rows[number]);
  });
  $("blocks").querySelector("tbody").append(table);
}

function filter() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  blocks.forEach((block, number) => {
    const text = [block.culprit, block.place, block.why, loops[block.loop].name, block.excuse].join(" ").toLowerCase();
    const shown = words.every(word => text.includes(word));
    rows[number].hidden = !shown;
    bars[number].classList.toggle("hidden", !shown);
  });
}

// --- a report ---

function reportLine(line) {
  const label = /^  (why|culprit|stack|awaited by|held by|samples|note|fix)(?=\s|$)/.exec(line);
  if (label) return make("span", "", "  ", make("i", "", label[1]), line.slice(label[0].length));
  const head = /^loop (blocked|delayed)/.exec(line);
  if (head) return make("span", "", make("b", "", head[0]), line.slice(head[0].length));
  return make("span", /^    \.\.\. /.test(line) ? "folded" : "", line);
}

const reportLines = () => ($("whole").checked ? blocks[open].whole : blocks[open].brief).map(line => lines[line]);

function writeReport() {
  const shown = reportLines();
  $("text").replaceChildren(...shown.map(reportLine));
  // The first frame of its name; of a long one, that is cut or has arguments left out, the beginning tells it.
  const culprit = blocks[open].culprit.slice(0, 40).replace(/<.*/s, "");
  const number = shown.findIndex(line => culprit && line.replace(/^    #\d+ +/, "").startsWith(culprit));
  if (number >= 0) $("text").children[number].className = "culprit";
}

function step(id, number) {
  const exists = number >= 0 && number < blocks.length;
  $(id).href = exists ? hash(number) : "#";
  if (exists) $(id).removeAttribute("aria-disabled"); else $(id).setAttribute("aria-disabled", "true");
}

function mark(number, is) {
  if (number < 0) return;
  bars[number].classList.toggle("open", is);
  rows[number].classList.toggle("open", is);
}

// Whatever opens a report does so by the page's address, which can be sent to somebody.
function show() {
  const wanted = /^#block-(\d+)$/.exec(location.hash);
  const number = wanted ? Number(wanted[1]) - 1 : -1;
  mark(open, false);
  if (!(number in blocks)) {
    const was = open;
    open = -1;
    $("report").hidden = true;
    if (was >= 0 && openedBy) openedBy.focus({preventScroll: true});
    return;
  }
  if (open < 0) openedBy = document.activeElement;
  open = number;
  mark(open, true);
  $("report-title").textContent = `Block ${number + 1} of ${blocks.length}`;
  step("previous", number - 1);
  step("next", number + 1);
  writeReport();
  $("report").hidden = false;
  $("report").scrollTop = 0;
  if (!$("report").contains(document.activeElement)) $("report-title").focus();
  const scroller = $("scroller");
  scroller.scrollLeft = bars[number].offsetLeft - scroller.clientWidth / 3;
}

function close() {
  if (open < 0) return;
  history.replaceState(null, "", location.pathname + location.search);
  show();
}

summarize();
rank();
list();
if (!$("timeline").hidden) drawLoops();
if (!$("timeline").hidden) drawAxis();
show();
addEventListener("hashchange", show);
addEventListener("resize", drawAxis);
$("scroller").addEventListener("scroll", () => requestAnimationFrame(drawAxis));
addEventListener("keydown", event => {
  if (event.key === "Escape") close();
});
$("close").addEventListener("click", close);
$("whole").addEventListener("change", writeReport);
$("filter").addEventListener("input", filter);
$("zoom-in").addEventListener("click", () => zoomTo(zoom * 2));
$("zoom-out").addEventListener("click", () => zoomTo(zoom / 2));
$("zoom-all").addEventListener("click", () => zoomTo(1));
$("copy").addEventListener("click", async () => {
  const range = document.createRange();
  range.selectNodeContents($("text"));
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  try { await navigator.clipboard.writeText(reportLines().join("\n") + "\n"); } catch { document.execCommand("copy"); }
});
)js";

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
