// The map: nodes and edges open beside it without a new page, the pointer drags it, arrow keys go from node to node.
// Without this file every node and edge is a link to the same page with its panel.
import { isTyping } from "./keys.js";

const DRAG_PX = 4;
const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

function middle(element) {
  const at = element.getBoundingClientRect();
  return [at.left + at.width / 2, at.top + at.height / 2];
}

// Of `places`, the index of the nearest in a direction: what lies aside counts double. -1 when there is none.
export function nearest(from, places, [dx, dy]) {
  let best = -1;
  let least = Infinity;
  places.forEach(([x, y], index) => {
    const ahead = (x - from[0]) * dx + (y - from[1]) * dy;
    const aside = Math.abs((x - from[0]) * dy) + Math.abs((y - from[1]) * dx);
    const cost = ahead + 2 * aside;
    if (ahead > 1 && cost < least) [best, least] = [index, cost];
  });
  return best;
}

function intoView(box, element) {
  if (!element) return;
  const at = element.getBoundingClientRect();
  const frame = box.getBoundingClientRect();
  if (at.left >= frame.left && at.right <= frame.right) return;
  box.scrollLeft += at.left + at.width / 2 - frame.left - box.clientWidth / 2;
}

// Which elements are chosen by an address: an edge with both its ends, or a node.
export function isChosen(link, address) {
  const own = new URLSearchParams(link.slice(link.indexOf("?")));
  const said = new URL(address, "http://x").searchParams;
  if (own.has("node")) return [said.get("node"), said.get("caller"), said.get("callee")].includes(own.get("node"));
  return own.get("caller") === said.get("caller") && own.get("callee") === said.get("callee");
}

async function show(grid, address) {
  const svg = grid.querySelector("svg.map");
  for (const link of svg.querySelectorAll("a")) link.classList.toggle("on", isChosen(link.getAttribute("href"), address));
  for (const link of document.querySelectorAll(".changes a.chg:not(.more)")) {
    if (isChosen(link.getAttribute("href"), address)) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  await window.htmx.ajax("GET", address, { source: grid, target: "#map-panel", swap: "outerHTML" });
  grid.classList.toggle("has-panel", !document.getElementById("map-panel").hidden);
}

function dragging(box) {
  let from = null;
  box.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && event.pointerType === "mouse") from = [event.clientX, event.clientY, box.scrollLeft, window.scrollY];
  });
  addEventListener("pointermove", (event) => {
    if (!from) return;
    const [dx, dy] = [event.clientX - from[0], event.clientY - from[1]];
    if (Math.hypot(dx, dy) > DRAG_PX) box.classList.add("dragged");
    if (!box.classList.contains("dragged")) return;
    box.scrollLeft = from[2] - dx;
    window.scrollTo(window.scrollX, from[3] - dy);
  });
  addEventListener("pointerup", () => {
    from = null;
    setTimeout(() => box.classList.remove("dragged"));
  });
  box.addEventListener("dragstart", (event) => event.preventDefault());
}

function walk(box, event) {
  const step = STEPS[event.key];
  const here = document.activeElement?.closest?.("a.node");
  if (!step || !here) return false;
  const nodes = [...box.querySelectorAll("a.node")].filter((node) => node !== here);
  const found = nearest(middle(here), nodes.map(middle), step);
  if (found < 0) return false;
  nodes[found].focus();
  intoView(box, nodes[found]);
  return true;
}

export function mount(grid) {
  const box = grid.querySelector(".map-box");
  const follow = (address) => {
    history.pushState(null, "", address);
    show(grid, address);
  };
  intoView(box, box.querySelector(".node.on, .e.on"));
  dragging(box);
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".map a, .changes a.chg:not(.more), #map-panel .near a, #map-panel h2 a, #map-panel [data-close]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !window.htmx) return;
    event.preventDefault();
    if (!box.classList.contains("dragged")) follow(new URL(link.getAttribute("href"), location.href).href);
  });
  addEventListener("popstate", () => show(grid, location.href));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelector("#map-panel [data-close]")?.click();
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const sizes = document.querySelectorAll(".map-tools [aria-label=Size] a");
    if (event.key === "f") document.querySelector(".map-tools [name=find]")?.focus();
    else if (event.key === "+") sizes[1]?.click();
    else if (event.key === "-") sizes[0]?.click();
    else if (!walk(box, event)) return;
    event.preventDefault();
  });
}
