/*
 * The colours of types begin with those of Okabe and Ito, which people with any colour vision tell apart, darkened or
 * lightened until each has three to one against its background. Printing always takes the light ones.
 */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--page:#fbfaf8;--card:#fff;--text:#22262b;--muted:#5d646d;--rule:#e3e1dc;--grid:#e9e7e2;
--accent:#2a6496;--track:#ebe9e4;--shade-of:#d9822b;--wrong:rgba(207,84,34,.13);--error:#b23c12;
--type-0:#0072b2;--type-1:#d55e00;--type-2:#008f68;--type-3:#b8609a;--type-4:#a87400;--type-5:#3a8fc4;--type-6:#6b5fb5;
--type-7:#666;--type-8:#7d3c1e;--type-9:#738f10}
@media screen and (prefers-color-scheme:dark){:root{--page:#15181c;--card:#1c2026;--text:#dde1e6;--muted:#9aa4af;
--rule:#2f353d;--grid:#2a3037;--accent:#79b1e0;--track:#2b3138;--shade-of:#e08a3a;--wrong:rgba(255,140,90,.17);
--error:#ff9d75;--type-0:#4ba3e3;--type-1:#f0803c;--type-2:#2fc597;--type-3:#dd93c1;--type-4:#e0aa3a;--type-5:#8fcdf5;
--type-6:#a99cf0;--type-7:#a8a8a8;--type-8:#c48d6c;--type-9:#b9d64a}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC","Source Han Sans SC",sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:break-word}
.page{max-width:80rem;margin:0 auto;padding:2rem clamp(1rem,4vw,3rem) 4rem}
h1,h2,h3{line-height:1.25;font-weight:650;text-wrap:balance}
h1{font-size:1.7rem;margin:0 0 .75rem}
h2{font-size:1.3rem;margin:0 0 .35rem}
h3{font-size:1rem;margin:0 0 .25rem}
h3.above{margin-top:2.25rem}
p{margin:0 0 .75rem}
small,.hint,.remark,.where,.absent,.place{color:var(--muted)}
small{font-size:.85em}
.hint,.remark{font-size:.92rem;max-width:46rem}
.absent{font-style:italic}
a{color:var(--accent);text-underline-offset:.15em}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.unseen:is(caption,thead){position:absolute;
width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
dl.facts{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.15rem 1rem;margin:0 0 1.25rem}
dl.facts dt{color:var(--muted)}
dl.facts dd,.what,.notes,.where{overflow-wrap:anywhere}
dl.facts dd{margin:0}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;list-style:none;margin:0;padding:0;font-size:.95rem}
nav{padding:.6rem 0;border-block:1px solid var(--rule)}
main>section{margin-top:3rem}
.lead{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1.5rem 3rem;align-items:start}
.lead>*{min-width:0}
.lead~:is(.hint,.remark){margin-top:1rem}
.headline{font-size:3.4rem;line-height:1.1;font-weight:650;letter-spacing:-.02em;margin:.1rem 0 .2rem}
.headline small{display:block;font-size:1rem;letter-spacing:0;font-weight:400;margin-top:.35rem}
.eyebrow{color:var(--muted);margin:0}
ul.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr));gap:1rem 1.5rem;list-style:none;
padding:0;margin:1.25rem 0}
ul.figures b{display:block;font-size:1.45rem;font-weight:600;line-height:1.25}
ul.figures span{color:var(--muted);font-size:.92rem}
ul.notes{padding-left:1.1rem;max-width:46rem}
table{border-collapse:collapse;font-size:.95rem}
th{text-align:left;font-weight:500}
thead th{color:var(--muted);font-size:.85rem;vertical-align:bottom}
.scroll{overflow-x:auto;max-width:100%}
.scroll table{min-width:100%}
.scores :is(td,th){padding:.34rem 0 .34rem 1rem;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
.scores :is(td,th):first-child{padding-left:0;text-align:left;white-space:normal;min-width:6.5rem;max-width:18rem}
.scores .bars{width:30%;min-width:6rem;text-align:left}
.scores .bars small{white-space:nowrap}
.scores .strong{font-weight:600;padding-left:.6rem}
.scores tfoot :is(td,th){border-bottom:0;border-top:2px solid var(--rule);font-weight:600}
.scores th small{display:block;font-weight:400;line-height:1.4;max-width:34rem}
.relaxed th:first-child{min-width:13rem!important}
.bar{display:block;width:100%;height:.6rem;border-radius:2px}
.track{fill:var(--track)}
.fill{fill:var(--accent)}
.parts-grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,34rem),1fr));gap:2.25rem 3rem;
margin-top:1.25rem}
.parts-grid>*{min-width:0}
.parts{font-size:.9rem}
.parts :is(td,th){padding-left:.6rem}
.parts .bars{min-width:4.5rem;width:auto}
.parts :is(td,th):first-child{width:9rem}
.parts td:not(.bars){width:4rem}
.parts .strong{padding-left:.6rem}
.intervals{width:100%;margin-top:.25rem}
.intervals :is(td,th){padding:.4rem 1rem .4rem 0;vertical-align:middle}
.intervals .number{text-align:right;white-space:nowrap;width:1%}
.intervals .value{font-weight:600}
.intervals small{display:block}
.intervals th{white-space:nowrap;width:1%}
.intervals .drawn{padding:0 .75rem}
.interval{display:block;width:100%;height:3.1rem;overflow:visible}
.intervals td.drawn{padding-block:0}
.axis td{padding-top:0!important}
.axis div{position:relative;height:1.3rem;font-size:.8rem;color:var(--muted)}
.axis span{position:absolute;white-space:nowrap;transform:translateX(-50%)}
svg path{fill:none;vector-effect:non-scaling-stroke}
.grid{stroke:var(--grid);stroke-width:1}
.zero{stroke:var(--text);stroke-width:1.5;stroke-dasharray:3 3}
.range{stroke:var(--accent);stroke-width:3}
.end{stroke:var(--accent);stroke-width:2}
.point{stroke:var(--text);stroke-width:10;stroke-linecap:round}
.confusion{font-size:.85rem}
.scroll table.confusion{min-width:0}
.confusion td{text-align:right;padding:.3rem .45rem;min-width:2.3rem;border:1px solid var(--page);
background:color-mix(in srgb,var(--shade-of) calc(var(--shade,0%)*.62),var(--card))}
.confusion th{padding:.3rem .5rem;max-width:14rem}
.confusion tbody th{position:sticky;left:0;background:var(--page);text-align:right;z-index:1}
.confusion thead th:first-child{text-align:right;white-space:nowrap;line-height:1.5}
.confusion .by{display:block}
.confusion .same{background:none;box-shadow:inset 0 0 0 1px var(--rule);color:var(--muted)}
.confusion .zero{color:var(--muted);opacity:.6}
.confusion .corner{background:none}
.upright{display:inline-flex;writing-mode:vertical-rl;transform:rotate(180deg);max-height:11rem;line-height:1.3}
.type{display:inline-flex;align-items:baseline;gap:.4em;max-width:100%}
.swatch{flex:none;inline-size:.7em;block-size:.7em;border-radius:2px}
.upright .type{align-items:center;max-height:100%}
.upright bdi{min-inline-size:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.kinds{width:100%;max-width:46rem;margin-top:.75rem}
.kinds :is(td,th){padding:.4rem 1rem .4rem 0;border-bottom:1px solid var(--rule);vertical-align:middle}
.kinds th small{display:block;font-weight:400}
.kinds .number{text-align:right;font-weight:600}
.kinds .bars{width:30%;padding-right:0}
.legend{border:1px solid var(--rule);border-radius:8px;padding:.8rem 1rem;margin:1rem 0;font-size:.92rem;
background:var(--card)}
.legend .remark{margin:.4rem 0 0}
.marks{display:flex;flex-wrap:wrap;gap:.3rem 1.5rem;list-style:none;margin:0 0 .5rem;padding:0}
.line{display:inline-block;width:2.2rem;height:.6rem;margin-right:.5rem}
.tint{font-style:normal;background:var(--wrong);padding:0 .3em;margin-right:.5rem}
.tint::after{content:"1"}
.types .type{margin-right:1rem}
.legend .types{margin:0}
#filter{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:1rem 0;position:sticky;top:0;z-index:2;
background:var(--page);padding:.5rem 0;font-size:.95rem}
#filter :is(select,button){font:inherit;color:inherit;background:var(--card);border:1px solid var(--rule);
border-radius:6px;padding:.25rem .6rem;max-width:14rem}
#filter output{color:var(--muted)}
.text{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:.9rem 1.1rem 1rem;margin:0 0 1rem}
.text header{display:flex;flex-wrap:wrap;gap:.1rem 1rem;align-items:baseline;font-size:.85rem}
.text h3{font-size:.92rem;margin:0}
.text .types{margin-left:auto;display:flex;flex-wrap:wrap;gap:.1rem .9rem}
.text .types .type{margin:0}
.excerpt{font-size:1.08rem;white-space:pre-wrap;line-height:calc(1.62em + var(--lines));margin:.5rem 0 0;
padding-bottom:calc(var(--lines)/2);unicode-bidi:plaintext;tab-size:4}
.seg{padding-bottom:calc(var(--lines) + 1px);-webkit-box-decoration-break:clone;box-decoration-break:clone;
-webkit-print-color-adjust:exact;print-color-adjust:exact}
.seg[data-errors]::after,.tint::after{font-size:.66em;font-weight:700;color:var(--error);vertical-align:.45em;
line-height:0;padding:0 .15em}
.seg[data-errors]::after{content:"\\2060" attr(data-errors)}
.cut::before{content:"…";color:var(--muted)}
.errors{list-style:none;margin:.35rem 0 0;padding:0;font-size:.9rem}
.errors li{display:flex;gap:.6rem;padding:.12rem 0}
.index{color:var(--error);font-weight:700;min-width:1.1rem;text-align:right;flex:none;font-size:.85em;padding-top:.08em}
.what{min-width:0}
.kind{font-weight:600}
q{quotes:none}
.place,.what .dot{color:var(--muted)}
.place{white-space:nowrap}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,28rem),1fr));gap:2.25rem 3rem;
margin-top:1.25rem}
.chart{margin:0;min-width:0;display:flex;flex-direction:column}
figcaption{font-weight:600}
.chart>:nth-last-child(2){margin-bottom:1.6rem}
figcaption small{font-weight:400;margin-left:.4rem}
.keys{display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;list-style:none;margin:.15rem 0 0;padding:0;font-size:.88rem}
.key{width:1.75rem;height:.6rem;margin-right:.4rem}
.plot{position:relative;height:15rem;margin:auto .5rem 1.8rem 3.4rem}
.plot svg{display:block;width:100%;height:100%;overflow:visible}
.labels{font-size:.8rem;color:var(--muted)}
.labels span{position:absolute;line-height:1;white-space:nowrap}
.labels .y{right:calc(100% + .6rem);transform:translateY(-50%)}
.labels .x{top:calc(100% + .6rem);transform:translateX(-50%)}
.labels .mark{top:-1.15rem;transform:translateX(-50%);color:var(--text)}
.labels .mark.left{transform:translateX(-85%)}
.marked{stroke:var(--muted);stroke-width:1;stroke-dasharray:2 3}
.curve{stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.series .dot{stroke-width:6;stroke-linecap:round}
.many .dot{stroke:transparent!important;stroke-width:12}
.s0 path{stroke:var(--type-0)}
.s1 path{stroke:var(--type-1)}
.s2 path{stroke:var(--type-2)}
.s1 .curve{stroke-dasharray:7 4}
.s2 .curve{stroke-dasharray:1 5;stroke-width:2.5}
.epochs{max-height:32rem;overflow:auto;border-bottom:1px solid var(--rule)}
.epochs table{font-size:.92rem}
.epochs :is(td,th){padding:.3rem 0 .3rem 1rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
.epochs :is(td,th):first-child{padding-left:.4rem}
.epochs :is(td,th):last-child{padding-right:.4rem}
.epochs thead th{position:sticky;top:0;background:var(--page);box-shadow:inset 0 -1px 0 var(--rule)}
.epochs .best{background:color-mix(in srgb,var(--accent) 14%,transparent);font-weight:600}
@media (max-width:32rem){.page{padding-top:1.25rem}h1{font-size:1.4rem}.headline{font-size:2.6rem}
.scores .bars{min-width:4rem}
.axis span:nth-child(even){display:none}
.confusion tbody th{min-width:9rem;max-width:9rem;overflow-wrap:anywhere}
.text{padding:.75rem .8rem .8rem}.text .types{margin-left:0;width:100%}.intervals .drawn{padding-inline:.4rem}
.intervals :is(td,th){padding-right:.6rem}}
@media print{body{font-size:10pt;background:none}.page{max-width:none;padding:0}nav,#filter{display:none!important}
.scroll{overflow:visible;max-height:none}:is(.text,figure,tr){break-inside:avoid}:is(h2,h3){break-after:avoid}
main>section{margin-top:1.5rem}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
`;
