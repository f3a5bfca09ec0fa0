// The style sheet of the report's page: light and dark as the reader's screen is, and for paper.
#pragma once

namespace jit::report {

// The colours of the outcomes are told apart without colour vision, too: they differ in lightness.
inline constexpr const char* kPageStyle = R"css(
:root {
  color-scheme: light dark;
  --ground: #fbfbfa; --card: #ffffff; --ink: #1d2126; --soft: #5b6470; --line: #dde1e6; --faint: #f1f3f5;
  --accent: #2b5fa6; --good: #1a7f4b; --warn: #946200; --bad: #b3261e;
  --good-ground: #e6f4ec; --warn-ground: #fdf3dc; --bad-ground: #fdeae8;
  --succeeded: #9dbfe6; --failed: #e0a030; --refused: #b3261e; --cancelled: #6f4aa5; --open: #8a929c;
  --glass: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --card: #1c2025; --ink: #e4e7eb; --soft: #a0a9b4; --line: #343b44; --faint: #22272d;
    --accent: #7fb0ec; --good: #6fd19b; --warn: #e9bd5b; --bad: #ff8f85;
    --good-ground: #15301f; --warn-ground: #352a10; --bad-ground: #3b1a18;
    --succeeded: #4f78a8; --failed: #d9a441; --refused: #f0685c; --cancelled: #b597e6; --open: #7d8590;
    --glass: #f0685c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
main, header, footer { max-width: 1100px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 36px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 44px 0 4px; }
h3 { font-size: 15px; margin: 0; overflow-wrap: anywhere; }
p.about, .meta, figcaption, footer { color: var(--soft); }
p.about { margin: 0 0 12px; }
.meta { margin: 0; }
a { color: var(--accent); }
nav ul { list-style: none; margin: 18px 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 14px; }
.chain { margin: 22px 0; padding: 12px 16px; border-radius: 8px; border-left: 5px solid; overflow-wrap: anywhere; }
.chain.good { background: var(--good-ground); border-color: var(--good); }
.chain.warning { background: var(--warn-ground); border-color: var(--warn); }
.chain.bad { background: var(--bad-ground); border-color: var(--bad); }
.chain small { display: block; color: var(--soft); font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 12px; }
dl.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 12px; margin: 0; }
dl.figures div, figure, article, .sheet {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px;
}
dl.figures div { padding: 12px 16px; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
dl.figures dt { color: var(--soft); font-size: 13px; }
dl.figures dd { margin: 0; font-size: 25px; font-weight: 600; line-height: 1.25; font-variant-numeric: tabular-nums; }
figure { margin: 16px 0; padding: 14px 16px 10px; }
figcaption { font-size: 13px; margin-bottom: 8px; display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; }
figcaption strong { color: var(--ink); font-size: 15px; margin-right: 8px; }
.key::before {
  content: ""; display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 6px; vertical-align: -1px;
  background: var(--swatch);
}
svg { width: 100%; height: auto; display: block; overflow: visible; }
svg text { font-size: 12px; fill: var(--soft); font-family: inherit; }
svg text.name { fill: var(--ink); font-size: 13px; }
svg text.inside { fill: #fff; font-size: 11px; font-weight: 600; pointer-events: none; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { stroke: var(--soft); stroke-width: 1; stroke-opacity: .6; }
svg rect.bar { fill: var(--accent); }
svg rect.bar.glass { fill: var(--glass); }
@media (prefers-color-scheme: dark) { svg text.inside { fill: #14171a; } }
.outcome-0 { fill: var(--succeeded); --swatch: var(--succeeded); }
.outcome-1 { fill: var(--failed); --swatch: var(--failed); }
.outcome-2 { fill: var(--refused); --swatch: var(--refused); }
.outcome-3 { fill: var(--cancelled); --swatch: var(--cancelled); }
.outcome-4 { fill: var(--open); --swatch: var(--open); }
.key.plain { --swatch: var(--accent); }
.key.glass { --swatch: var(--glass); }
.sheet { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 12px; padding: 9px 12px; border-bottom: 1px solid var(--line); white-space: nowrap; }
td { padding: 8px 12px; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
tbody tr:first-child td { border-top: 0; }
th.right, td.right { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.nowrap { white-space: nowrap; }
td.wide { min-width: 9em; }
code { font: 12.5px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.good { color: var(--good); } .warning { color: var(--warn); } .bad { color: var(--bad); }
.chain, .chain.good, .chain.warning, .chain.bad { color: var(--ink); }
.none { color: var(--soft); margin: 0; }
article { padding: 14px 16px; margin: 12px 0; }
article > header { padding: 0; display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: baseline; max-width: none; }
article:target { outline: 2px solid var(--accent); }
.badge { font-size: 12px; padding: 1px 9px; border-radius: 10px; background: var(--faint); border: 1px solid var(--line); }
article dl { display: grid; grid-template-columns: 110px 1fr; gap: 3px 12px; margin: 10px 0 0; font-size: 14px; }
article dt { color: var(--soft); }
article dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
article table { margin-top: 10px; }
article td, article th { padding-left: 0; }
footer { margin-top: 48px; padding-bottom: 40px; font-size: 13px; }
@media print {
  :root { color-scheme: light; }
  body { font-size: 10pt; background: #fff; }
  main, header, footer { max-width: none; padding: 0; }
  nav { display: none; }
  h2 { break-after: avoid; }
  figure, article, tr, dl.figures div { break-inside: avoid; }
  .sheet { overflow: visible; }
  svg rect, .key::before, .chain { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";

}  // namespace jit::report
