// Draws the Plotly figure that stands beside the element as JSON, in the page's colours, again on a theme change.
// The figure comes from the server: {data, layout}. Colours in it are token names ("var(--accent)", "var(--error) 14%").
// A trace's `customdata` holds one address a point: a click opens it. Dragging over a stretch of time fills in the form
// named by `data-select` and sends it. Text of spans is never markup here: it is escaped before Plotly sees it, and the
// label of a point (its `text`, lines parted by "\n") is ours.
import { tipLines, tipOver } from "./chart_tip.js";
import { resolveTokens, tokenReader } from "./colours.js";

const STYLE_ID = "plotly.js-style-global";
const CONFIG = { displayModeBar: false, responsive: true, showTips: false, doubleClick: false };
const AXIS = { automargin: false, fixedrange: true, zeroline: false };
const LAYOUT = {
  paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
  font: { family: "Inter, system-ui, sans-serif", size: 11, color: "var(--ink-3)" },
  margin: { l: 48, r: 0, t: 8, b: 24 },
  showlegend: false, hovermode: "closest", dragmode: "select", selectdirection: "h", autosize: true,
  xaxis: { ...AXIS, showgrid: false, ticks: "outside", ticklen: 4, tickcolor: "var(--axis)", linecolor: "var(--axis)", showline: true },
  yaxis: { ...AXIS, gridcolor: "var(--grid)", showline: false },
  newselection: { line: { color: "var(--accent)", dash: "dot", width: 1 } },
  activeselection: { fillcolor: "var(--accent)", opacity: 0.07 },
};

let loading;

function loadPlotly(root) {
  if (document.getElementById(STYLE_ID) === null) {
    const sheet = Object.assign(document.createElement("link"), { id: STYLE_ID, rel: "stylesheet", href: root.dataset.sheet });
    sheet.className = "no-inline-styles"; // Plotly then writes no style element of its own
    document.head.append(sheet);
  }
  loading ??= new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: root.dataset.plotly });
    script.onload = () => resolve(window.Plotly ?? window.moduleName);
    script.onerror = () => reject(new Error("Plotly did not load"));
    document.head.append(script);
  });
  return loading;
}

export function merge(base, over) {
  if (over === undefined) return base;
  const plain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  if (!plain(base) || !plain(over)) return over;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(base[key], over[key])]));
}

export function escapeText(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\n/g, "<br>");
}

function safeTrace(trace) {
  const copy = { ...trace, hoverinfo: trace.hoverinfo === "skip" ? "skip" : "none", hovertemplate: undefined };
  for (const key of ["text", "hovertext"]) {
    if (copy[key] !== undefined) copy[key] = Array.isArray(copy[key]) ? copy[key].map(escapeText) : escapeText(copy[key]);
  }
  return copy;
}

function safeLayout(layout) {
  if (!layout.annotations) return layout;
  return { ...layout, annotations: layout.annotations.map((note) => ({ ...note, text: escapeText(note.text) })) };
}

function painted(figure, host) {
  const tokens = tokenReader(host);
  const data = resolveTokens(figure.data.map(safeTrace), tokens.read);
  const layout = resolveTokens(safeLayout(merge(LAYOUT, figure.layout ?? {})), tokens.read);
  tokens.done();
  return { data, layout: { ...layout, height: host.clientHeight } };
}

// Plotly names times of a date axis as "2026-11-23 01:02:03.45", in UTC.
export function isoTime(at) {
  const text = typeof at === "string" && !at.endsWith("Z") ? `${at.replace(" ", "T")}Z` : at;
  return new Date(/^\d{4}-\d\d-\d\dZ$/.test(text) ? text.replace("Z", "T00:00Z") : text).toISOString();
}

function openPoint(event) {
  const address = event.points?.[0]?.customdata;
  if (typeof address !== "string" || !/^\/(?!\/)/.test(address)) return;
  if (event.event?.ctrlKey || event.event?.metaKey) window.open(address, "_blank", "noopener");
  else window.location.assign(address);
}

function sendStretch(event, root) {
  const form = document.querySelector(root.dataset.select);
  if (!event?.range?.x || !form) return;
  // A page that has another use for the selected box takes it from here.
  const offered = new CustomEvent("charts:select", { bubbles: true, cancelable: true, detail: event.range });
  if (!root.dispatchEvent(offered)) return;
  const [start, end] = event.range.x.map(isoTime).sort();
  if (form.elements.start) form.elements.start.value = start;
  if (form.elements.end) form.elements.end.value = end;
  form.requestSubmit();
}

export async function mount(root) {
  const figure = JSON.parse(document.getElementById(root.dataset.figure).textContent);
  const host = root.querySelector(".plot-area");
  const Plotly = await loadPlotly(root);
  const first = painted(figure, host);
  if (!root.dataset.select) first.layout.dragmode = false;
  await Plotly.newPlot(host, first.data, first.layout, CONFIG);
  host.on("plotly_click", openPoint);
  const tip = tipOver(host);
  host.on("plotly_hover", ({ points: [point] }) => {
    host.classList.toggle("over-point", Boolean(point.customdata));
    tip.show(tipLines(figure, point), point.bbox);
  });
  host.on("plotly_unhover", () => {
    host.classList.remove("over-point");
    tip.hide();
  });
  if (root.dataset.select) host.on("plotly_selected", (event) => sendStretch(event, root));
  document.addEventListener("theme:change", () => {
    const again = painted(figure, host);
    Plotly.react(host, again.data, { ...again.layout, dragmode: first.layout.dragmode }, CONFIG);
  });
}
