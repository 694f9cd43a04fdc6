// The period picker: the viewer's zone is told to the server, the form leaves out what says nothing, and dragging over
// a chart of the page picks that stretch of time. Everything else of it is links.
import { ownZone, tellZone } from "./ask.js";

// What the form of a stretch says: two local times as Plotly writes them, for fields of date and time.
export function stretchEnds(range) {
  return [...range].sort().map((at) => at.replace(" ", "T"));
}

export function mount(picker) {
  const form = picker.querySelector("form");
  tellZone();
  form.addEventListener("submit", () => {
    if (form.elements.tz.value === ownZone()) form.elements.tz.disabled = true;
  });
  addEventListener("pageshow", () => {
    form.elements.tz.disabled = false;
  });
  document.addEventListener("charts:select", (event) => {
    event.preventDefault();
    for (const name of ["start", "end"]) form.elements[name].type = "text"; // finer than a picker's field takes
    [form.elements.start.value, form.elements.end.value] = stretchEnds(event.detail.x);
    form.requestSubmit(form.querySelector("[name=range]"));
  });
}
