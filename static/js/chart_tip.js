// The label beside a chart's point, drawn by us: in the page's look, and with the text of spans as text. (Plotly's own
// reads its text as markup, and measures it wrongly when the pointer moves on one point.)
const GAP_PX = 10;

// The lines of a point's text, from the figure as the server sent it.
export function tipLines(figure, point) {
  const trace = figure.data[point.curveNumber];
  const text = trace.hovertext ?? trace.text ?? "";
  const own = Array.isArray(text) ? text[point.pointNumber] : text;
  return String(own ?? "").split("\n").filter(Boolean);
}

// Where the tip goes: right of the point, left of it where there is no room, never outside the box. All in px.
export function tipPlace(point, tip, box) {
  const right = point.x + GAP_PX;
  const left = right + tip.width <= box.width ? right : Math.max(0, point.x - GAP_PX - tip.width);
  return { left, top: Math.max(0, Math.min(point.y - tip.height / 2, box.height - tip.height)) };
}

export function tipOver(host) {
  const tip = document.createElement("div");
  tip.className = "tip chart-tip";
  tip.hidden = true;
  host.parentElement.append(tip);

  function show(lines, bounds) {
    if (!lines.length) return hide();
    tip.replaceChildren(...lines.map((line, at) => Object.assign(document.createElement(at ? "span" : "b"), { textContent: line })));
    tip.hidden = false;
    const middle = { x: (bounds.x0 + bounds.x1) / 2, y: (bounds.y0 + bounds.y1) / 2 };
    const place = tipPlace(middle, tip.getBoundingClientRect(), host.getBoundingClientRect());
    tip.style.left = `${place.left}px`;
    tip.style.top = `${place.top}px`;
  }
  function hide() {
    tip.hidden = true;
  }
  return { show, hide };
}
