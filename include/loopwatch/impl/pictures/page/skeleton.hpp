// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"

#include <string_view>

// The page around style, data and script. Whatever it shows of a recording its script makes.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// The policy says that nothing is loaded: the page is one file.
inline constexpr std::string_view page_head = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>What blocked the loops</title>
<style>
)html";

inline constexpr std::string_view page_body = R"html(</style>
</head>
<body>
<header>
  <h1>What blocked the loops</h1>
  <p id="summary"></p>
  <noscript><p>This page needs JavaScript to show what is in it. It loads nothing from elsewhere.</p></noscript>
</header>
<main>
  <section id="ranking" aria-labelledby="ranking-title">
    <h2 id="ranking-title">By code path</h2>
    <table>
      <thead>
        <tr><th>culprit</th><th>cause</th><th class="number">blocks</th><th class="number">longest</th><th class="number">total</th><th class="share">share</th></tr>
      </thead>
      <tbody></tbody>
    </table>
  </section>
  <section id="timeline" aria-labelledby="timeline-title">
    <div class="bar">
      <h2 id="timeline-title">By time</h2>
      <div id="legend"></div>
      <div class="zoom" role="group" aria-label="Zoom">
        <button type="button" id="zoom-out" aria-label="Zoom out">&minus;</button><button type="button" id="zoom-all">all</button><button type="button" id="zoom-in" aria-label="Zoom in">+</button>
      </div>
    </div>
    <div id="names"></div>
    <div id="scroller"><div id="lanes"></div></div>
  </section>
  <section id="blocks" aria-labelledby="blocks-title">
    <div class="bar">
      <h2 id="blocks-title">Each block</h2>
      <input id="filter" type="search" placeholder="find a function, loop or cause" aria-label="Find blocks">
    </div>
    <table>
      <thead>
        <tr><th class="number">#</th><th>began</th><th>loop</th><th class="number">lasted</th><th>cause</th><th>culprit</th></tr>
      </thead>
      <tbody></tbody>
    </table>
  </section>
</main>
<aside id="report" role="dialog" aria-labelledby="report-title" hidden>
  <div class="bar">
    <h2 id="report-title" tabindex="-1"></h2>
    <label><input type="checkbox" id="whole"> all frames</label>
    <a id="previous" href="#">previous</a>
    <a id="next" href="#">next</a>
    <button type="button" id="copy">copy</button>
    <button type="button" id="close" aria-label="Close the report">&times;</button>
  </div>
  <pre id="text"></pre>
</aside>
)html";

inline constexpr std::string_view page_data_begin = R"html(<script type="application/json" id="recording">)html";

inline constexpr std::string_view page_script_begin = R"html(</script>
<script>
)html";

inline constexpr std::string_view page_end = R"html(</script>
</body>
</html>
)html";

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
