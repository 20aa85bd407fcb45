/** The console's palette and type, so that the report looks like its other pages; no style attribute anywhere (policy). */
export const style = `
:root {
  --ground: #f4f5f3; --card: #fff; --line: #e1e4df; --ink: #1d2420; --soft: #5e6963; --faint: #646f69;
  --pass: #2c7a4b; --warn: #8c5a00; --fail: #b3261e; --bar: #6aa884; --bar-warn: #d9a441; --bar-fail: #d4584f;
  --tint-pass: #e9f4ec; --tint-warn: #fbf0da; --tint-fail: #fbe7e5; --on-strong: #fff; --strong: #2c7a4b;
  --shadow: 0 1px 2px rgb(20 30 24 / 6%), 0 6px 20px rgb(20 30 24 / 5%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121614; --card: #1a1f1c; --line: #2b322e; --ink: #e6ebe8; --soft: #a0aba5; --faint: #89948e;
    --pass: #6fc48d; --warn: #e0ac4a; --fail: #f28b82; --bar: #3f8a5c; --bar-warn: #b8862f; --bar-fail: #c25a52;
    --tint-pass: #18281e; --tint-warn: #2c2413; --tint-fail: #321b1a; --on-strong: #0f1a13; --strong: #6fc48d;
    --shadow: none;
  }
}
* { box-sizing: border-box; margin: 0; }
[hidden] { display: none !important; }
html { scroll-padding-bottom: 6rem; }
body {
  background: var(--ground); color: var(--ink); font-variant-numeric: tabular-nums;
  font: 16px / 1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
.top { display: flex; align-items: center; gap: .6rem; max-width: 66rem; margin: 0 auto; padding: 1.2rem 1.2rem 0; font-weight: 650; }
.mark { width: 26px; height: 26px; fill: none; stroke: var(--pass); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.when { margin-left: auto; color: var(--faint); font-weight: 400; }
.soft { color: var(--soft); font-weight: 400; }
main { display: grid; gap: 1.6rem; max-width: 66rem; margin: 0 auto; padding: 1.6rem 1.2rem 7rem; }
main > * { min-width: 0; }
.headline { padding: .4rem .2rem; }
h1 { font-size: clamp(1.7rem, 4.5vw, 2.5rem); font-weight: 700; line-height: 1.15; letter-spacing: -.025em; overflow-wrap: anywhere; }
.version { color: var(--soft); font-weight: 400; }
.headline > p { margin-top: .5rem; font-size: 1.05rem; }
section {
  padding: clamp(1.1rem, 3vw, 2rem); border: 1px solid var(--line); border-radius: 16px; background: var(--card); box-shadow: var(--shadow);
}
h2 { margin-bottom: .9rem; font-size: 1.45rem; font-weight: 680; letter-spacing: -.015em; line-height: 1.2; }
h3 { margin: 1.7rem 0 .25rem; font-size: 1.08rem; font-weight: 650; }
h4 { overflow: hidden; font-size: .92rem; font-weight: 620; text-overflow: ellipsis; white-space: nowrap; }
.lead { max-width: 62ch; font-size: 1.05rem; }
.note { max-width: 75ch; margin-top: .8rem; color: var(--soft); font-size: .92rem; }
.name { overflow-wrap: anywhere; }
.tag { display: inline-block; padding: .05rem .6rem; border-radius: 999px; font-size: .82rem; font-weight: 550; letter-spacing: 0; vertical-align: .12em; }
.tag.pass { background: var(--tint-pass); color: var(--pass); }
.tag.warn { background: var(--tint-warn); color: var(--warn); }
.tag.fail { background: var(--tint-fail); color: var(--fail); }
.provisional { margin: .8rem 0; padding: .8rem 1rem .8rem 2.1rem; border-radius: 10px; background: var(--tint-warn); color: var(--warn); }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1rem; }
.two > div { padding: 1rem 1.2rem 1.1rem; border-radius: 12px; }
.two h3 { margin-top: 0; font-size: 1rem; }
.two ul { padding: 0; list-style: none; }
.two li { position: relative; padding: .28rem 0 .28rem 1.5rem; }
.two li::before { position: absolute; left: 0; font-weight: 700; }
.two b { font-size: 1.12em; }
.sees { background: var(--tint-pass); }
.sees h3, .sees li::before, .sees b { color: var(--pass); }
.sees li::before { content: "✓"; }
.blind { background: var(--tint-warn); }
.blind h3, .blind li::before, .blind b { color: var(--warn); }
.blind li::before { content: "✕"; }
figure { margin-top: 1.3rem; }
figcaption { margin-bottom: .3rem; font-weight: 620; }
.scroll { overflow-x: auto; }
.chart { display: block; width: 100%; min-width: 34rem; height: auto; }
.chart text { fill: var(--soft); font-size: 12px; }
.chart .tick { font-size: 11.5px; }
.chart .row { fill: var(--ink); font-size: 13px; }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--faint); stroke-width: 1; }
.zone-pass { fill: var(--bar); }
.zone-warn { fill: var(--bar-warn); }
.zone-fail { fill: var(--bar-fail); }
line.limit-warn { stroke: var(--warn); stroke-width: 1.6; stroke-dasharray: 5 3; }
line.limit-fail { stroke: var(--fail); stroke-width: 1.6; }
.chart text.limit-warn { fill: var(--warn); font-weight: 600; }
.chart text.limit-fail { fill: var(--fail); font-weight: 600; }
.seen-all { fill: var(--strong); }
.seen-most { fill: color-mix(in srgb, var(--strong) 38%, var(--card)); }
.seen-some { fill: color-mix(in srgb, var(--strong) 16%, var(--card)); }
.seen-none { fill: color-mix(in srgb, var(--ink) 5%, var(--card)); }
.untried { fill: none; }
.first { stroke: var(--ink); stroke-width: 2.5; }
.chart text.on-all { fill: var(--on-strong); font-weight: 600; }
.chart text.on-most { fill: var(--ink); font-weight: 600; }
.chart text.on-some, .chart text.on-none { fill: var(--soft); }
table { width: 100%; margin-top: .9rem; border-collapse: collapse; }
th, td { padding: .5rem .9rem .5rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
.scroll table { min-width: 36rem; }
thead th { color: var(--soft); font-size: .85rem; font-weight: 550; }
tbody th { font-weight: 600; }
tbody tr:last-child > * { border-bottom: 0; }
.dot { display: inline-block; width: .62rem; height: .62rem; margin-right: .5rem; border-radius: 50%; }
.dot.warn { background: var(--bar-warn); }
.dot.fail { border-radius: 2px; background: var(--bar-fail); }
.range { width: 11rem; height: 1rem; vertical-align: middle; }
.reach { stroke: var(--bar); stroke-width: 5; stroke-linecap: round; }
.point { fill: var(--pass); stroke: var(--card); stroke-width: 1.5; }
.meter { display: block; width: 100%; max-width: 22rem; height: .65rem; margin-top: .5rem; }
.track { fill: color-mix(in srgb, var(--ink) 8%, var(--card)); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.alert { margin: 1.2rem 0 1.5rem; padding: 1rem 1.2rem 1.2rem; border-radius: 12px; background: var(--tint-warn); }
.alert h3 { margin-top: 0; color: var(--warn); }
.kinds { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: .4rem 1.2rem; }
.strip { display: grid; grid-template-columns: repeat(6, 1fr); gap: 5px; }
.strip img, .strip .noimage { aspect-ratio: 1; }
img, .noimage { display: block; width: 100%; border-radius: 6px; background: color-mix(in srgb, var(--ink) 8%, var(--card)); object-fit: contain; }
.noimage { display: grid; place-items: center; min-height: 4rem; padding: .5rem; color: var(--soft); font-size: .8rem; text-align: center; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 14.5rem), 1fr)); gap: 1rem; margin-top: .9rem; }
.card { display: flex; flex-direction: column; overflow: hidden; border: 1px solid var(--line); border-radius: 12px; }
.card img, .card .noimage { aspect-ratio: 4 / 3; border-radius: 0; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; }
.pair img { aspect-ratio: 2 / 3; }
.about { display: flex; flex: 1; flex-direction: column; gap: .25rem; padding: .7rem .85rem .8rem; }
.about b { color: var(--ink); font-weight: 600; }
.about p { color: var(--soft); font-size: .9rem; line-height: 1.42; }
.leave { display: flex; align-items: center; gap: .5rem; margin-top: auto; padding-top: .5rem; font-size: .93rem; font-weight: 550; cursor: pointer; }
.leave input { width: 1.15rem; height: 1.15rem; accent-color: var(--fail); }
.card:has(:checked) { border-color: var(--fail); box-shadow: 0 0 0 1px var(--fail); }
.card:has(:checked) img { opacity: .45; }
details { margin-top: 1rem; }
summary { color: var(--soft); cursor: pointer; }
.paths { margin-top: .5rem; padding-left: 1.2rem; font-size: .92rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem 1.4rem; margin-top: 1.1rem; }
.facts > div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.facts dt { color: var(--soft); font-size: .88rem; }
.facts dd { font-size: 1.3rem; font-weight: 620; }
.facts.wide { grid-template-columns: 1fr; gap: .55rem; }
.facts.wide > div { display: grid; grid-template-columns: 9rem 1fr; gap: 1rem; }
.facts.wide dd { font-size: 1rem; font-weight: 400; overflow-wrap: anywhere; }
.action {
  position: fixed; right: 0; bottom: 0; left: 0; display: flex; flex-wrap: wrap; align-items: center; justify-content: center; gap: .6rem 1rem;
  padding: .8rem 1.2rem; border-top: 1px solid var(--line); background: var(--card); box-shadow: 0 -6px 24px rgb(0 0 0 / 12%);
}
.action p { font-weight: 600; }
#answer { flex-basis: 100%; color: var(--fail); font-weight: 550; text-align: center; }
#answer[data-tone="pass"] { color: var(--pass); }
button { padding: .55rem 1.1rem; border: 0; border-radius: 9px; background: var(--fail); color: var(--card); font: inherit; font-weight: 620; cursor: pointer; }
button.quiet { background: none; color: var(--soft); font-weight: 500; text-decoration: underline; }
button:disabled { opacity: .55; cursor: default; }
:focus-visible { outline: 2px solid var(--pass); outline-offset: 2px; }
@media print { .action { display: none; } section { break-inside: avoid-page; box-shadow: none; } }
@media (max-width: 34rem) { .facts.wide > div { grid-template-columns: 1fr; gap: 0; } }
`;
