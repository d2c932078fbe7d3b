/** The page's looks. Every colour is here, once for the light and once for the dark, charts included. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --ink: #1c2128; --quiet: #5b6470; --rule: #d5dae1;
  --good: #1a7f37; --warning: #9a6700; --bad: #c3202f; --on-look: #fff;
  --line-0: #0a66c2; --line-1: #8250df; --line-2: #0f7b8a; --line-3: #b0530f; --line-4: #a8327d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1318; --card: #181e25; --ink: #e4e8ee; --quiet: #9aa5b3; --rule: #343d48;
    --good: #4cc26a; --warning: #e0a82e; --bad: #ff7b72; --on-look: #0f1318;
    --line-0: #62adff; --line-1: #c297ff; --line-2: #4fc9d6; --line-3: #f0a35e; --line-4: #f18cc8;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: .25rem 0; }
h2 { font-size: 1.2rem; margin: 0 0 .75rem; }
p { margin: 0 0 .75rem; }
a { color: inherit; }
.quiet-text, .empty, footer { color: var(--quiet); font-size: .875rem; }
section, .summary { background: var(--card); border: 1px solid var(--rule); border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
.problem { border-left: .25rem solid var(--bad); padding: .25rem .75rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { padding: .35rem .75rem .35rem 0; text-align: left; vertical-align: top; white-space: nowrap; border-bottom: 1px solid var(--rule); }
tbody tr:last-child td { border-bottom: 0; }
th { color: var(--quiet); font-weight: 600; }
td.text { white-space: normal; min-width: 16rem; }
.summary { list-style: none; font-size: .875rem; }
.summary li { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: .4rem 0; border-bottom: 1px solid var(--rule); }
.summary li:last-child { border-bottom: 0; }
.summary a { flex: 1 1 12rem; font-weight: 600; }
.summary li > span { min-width: 14rem; }
.badge { display: inline-block; border-radius: 1rem; padding: 0 .6rem; font-weight: 600; color: var(--on-look); }
.strip { display: flex; flex-wrap: wrap; gap: 3px; list-style: none; margin: 0 0 1rem; padding: 0; }
.strip li { width: 1.15rem; height: 1.15rem; border-radius: 3px; font: 700 .75rem/1.15rem system-ui, sans-serif; text-align: center; color: var(--on-look); }
.good { background: var(--good); } .warning { background: var(--warning); } .bad { background: var(--bad); } .quiet { background: var(--quiet); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .5rem 1.5rem; margin: 0 0 1rem; }
dt { color: var(--quiet); font-size: .8125rem; }
dd { margin: 0; font-weight: 600; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.25rem; margin-bottom: 1rem; }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--quiet); font-size: 12px; }
svg .rule { stroke: var(--rule); }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .mark.warning { --look: var(--warning); } svg .mark.bad { --look: var(--bad); }
svg .mark { fill: var(--look); stroke: var(--card); }
svg .hollow { fill: var(--card); stroke: var(--look); stroke-width: 1.5; }
svg .tips path { fill: var(--rule); opacity: 0; }
svg .tips path:hover { opacity: .35; }
.key li:has(.swatch) { padding-left: 1.1rem; text-indent: -1.1rem; }
.key { list-style: none; margin: .25rem 0 0; padding: 0; color: var(--quiet); font-size: .8125rem; }
.swatch { display: inline-block; width: .7rem; height: .7rem; border-radius: 2px; margin-right: .4rem; }
@media (max-width: 40rem) {
  .runs thead { display: none; }
  .runs tr { display: flex; flex-wrap: wrap; gap: .1rem .75rem; padding: .5rem 0; border-bottom: 1px solid var(--rule); }
  .runs td { border: 0; padding: 0; }
  .runs td:empty { display: none; }
  td.text { flex-basis: 100%; color: var(--quiet); }
}
@media print { section { break-inside: avoid; } }
`;
