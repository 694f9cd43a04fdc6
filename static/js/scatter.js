// Dragging over the latency chart narrows the search to those starts and those trace durations.

// The address of the search with the selected range. x: two local times as Plotly writes them, y: two durations in ms.
export function selectionLink(search, { x, y }, zone) {
  const params = new URLSearchParams(search);
  for (const name of ["cursor", "live", "range", "start", "end", "tz", "trace_min", "trace_max"]) params.delete(name);
  const [start, end] = [...x].sort();
  params.set("range", "custom");
  params.set("start", start.replace(" ", "T"));
  params.set("end", end.replace(" ", "T"));
  params.set("tz", zone);
  if (y) {
    const [low, high] = [...y].sort((a, b) => a - b);
    params.set("trace_min", duration(low, Math.floor));
    params.set("trace_max", duration(high, Math.ceil));
  }
  return `/?${params}`;
}

// Three significant digits, rounded so that nothing selected falls out.
export function duration(ms, round) {
  const ns = ms * 1e6;
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, ns))) - 2);
  const kept = round(ns / step) * step;
  for (const [size, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "us"]]) {
    if (kept >= size) return `${+(kept / size).toPrecision(12)}${unit}`;
  }
  return `${kept}ns`;
}

export function mount(section) {
  section.addEventListener("charts:select", (event) => {
    event.preventDefault();
    location.assign(selectionLink(location.search, event.detail, section.dataset.zone));
  });
}
