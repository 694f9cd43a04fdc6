// Zoom: drag over the minimap or over the lanes to look at that time; double-click for the whole trace.
import { withZoom } from "./trace_state.js";

const LEAST_PX = 4;

export function bindZoom(page) {
  const { root } = page;
  root.addEventListener("pointerdown", (event) => begin(page, event));
  root.addEventListener("dblclick", (event) => {
    if (!event.target.closest(".mini-wrap, .lane-box")) return;
    event.preventDefault();
    page.go(withZoom(page.params, null));
  });
}

// The times shown, in ns from the trace's start: the window of the lanes, and the whole.
export function scale(root) {
  const { start, end, whole } = root.querySelector("#wf-scale").dataset;
  return { start: Number(start), end: Number(end), whole: Number(whole) };
}

export function zoomBy(page, factor, shift = 0) {
  const { start, end, whole } = scale(page.root);
  const middle = (start + end) / 2 + shift * (end - start);
  const half = ((end - start) * factor) / 2;
  const from = Math.max(0, Math.min(middle - half, whole - 2 * half));
  const to = Math.min(whole, from + 2 * half);
  const isWhole = from <= 0 && to >= whole;
  if (to - from >= 1) page.go(withZoom(page.params, isWhole ? null : [from, to]));
}

function begin(page, event) {
  const area = event.target.closest(".minimap, .lane-box");
  if (!area || event.button || event.pointerType === "touch") return;
  const small = area.classList.contains("minimap");
  const { start, end, whole } = scale(page.root);
  const [low, high] = small ? [0, whole] : [start, end];
  const lane = small ? area : area.querySelector(".lane");
  const edge = lane.getBoundingClientRect();
  const { left, width } = edge;
  const at = (x) => Math.max(0, Math.min(1, (x - left) / width));
  const host = small ? area.parentElement : page.body;
  const box = Object.assign(document.createElement("div"), { className: "zoom-box" });
  const from = at(event.clientX);
  let to = from;

  function move(moved) {
    to = at(moved.clientX);
    if (Math.abs(to - from) * width < LEAST_PX) return;
    if (!box.parentElement) host.append(box);
    page.root.classList.add("is-zooming");
    box.style.left = `${left - host.getBoundingClientRect().left + Math.min(from, to) * width}px`;
    box.style.width = `${Math.abs(to - from) * width}px`;
  }
  function stop(released) {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", stop);
    removeEventListener("pointercancel", stop);
    page.root.classList.remove("is-zooming");
    box.remove();
    if (released.type === "pointercancel" || Math.abs(to - from) * width < LEAST_PX) return;
    const times = [Math.min(from, to), Math.max(from, to)].map((share) => Math.round(low + share * (high - low)));
    page.go(withZoom(page.params, times));
  }
  addEventListener("pointermove", move);
  addEventListener("pointerup", stop);
  addEventListener("pointercancel", stop);
}
