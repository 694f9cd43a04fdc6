// Dragging a box over the heat map selects the traces in it: its form is filled in and sent.
import { duration } from "./scatter.js";

// The form's fields for a box. x: two local times as Plotly writes them, y: two durations in ms.
export function selectionFields({ x, y }) {
  const [start, end] = [...x].sort().map((at) => at.slice(0, 19));
  const [low, high] = [...y].sort((a, b) => a - b);
  return { sel_start: start, sel_end: end, sel_min: duration(low, Math.floor), sel_max: duration(high, Math.ceil) };
}

export function mount(section) {
  section.addEventListener("charts:select", (event) => {
    const form = section.querySelector("#why-select");
    if (!form || !event.detail.y || !event.target.matches("[data-select='#why-select']")) return;
    event.preventDefault();
    event.stopPropagation(); // the period picker takes every other box
    for (const [name, value] of Object.entries(selectionFields(event.detail))) form.elements[name].value = value;
    form.requestSubmit();
  });
}
