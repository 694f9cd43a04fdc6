// The trace page's keys. Rows are walked with a cursor; Enter opens the panel of the row under it.
import { isTyping } from "./keys.js";
import { withFolds, withSpan } from "./trace_state.js";
import { zoomBy } from "./trace_zoom.js";

export function bindKeys(page) {
  const click = (selector) => page.root.querySelector(selector)?.click();
  const keys = {
    ArrowDown: () => step(page, 1),
    j: () => step(page, 1),
    ArrowUp: () => step(page, -1),
    k: () => step(page, -1),
    ArrowRight: () => unfold(page),
    ArrowLeft: () => fold(page),
    Home: () => jump(page, 0),
    End: () => jump(page, page.rows.total - 1),
    Enter: () => open(page),
    "[": () => page.go(withFolds(page.params, "all")),
    "]": () => page.go(withFolds(page.params, "none")),
    n: () => click("#wf-found [rel=next]"),
    N: () => click("#wf-found [rel=prev]"),
    p: () => click("#wf-found [rel=prev]"),
    e: () => click("#wf-tools .next-error"),
    a: () => zoomBy(page, 1, -0.25),
    d: () => zoomBy(page, 1, 0.25),
    "+": () => zoomBy(page, 0.5),
    "=": () => zoomBy(page, 0.5),
    "-": () => zoomBy(page, 2),
    y: () => document.querySelector("[data-mount~=copy_link]")?.click(),
    Escape: () => leave(page),
  };
  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && event.target.closest?.("a, button, summary")) return;
    if (event.defaultPrevented || document.querySelector("[popover]:popover-open")) return;
    const inPanel = event.target.closest?.(".span-panel");
    if (!keys[event.key] || (inPanel && /^(Arrow|Home|End)/.test(event.key))) return;
    if (keys[event.key]() !== false) event.preventDefault();
  });
}

function current(page) {
  return page.row(page.cursor);
}

function index(row) {
  return Number(row.getAttribute("aria-rowindex")) - 1;
}

async function step(page, by) {
  const row = current(page) ?? page.firstInView();
  if (!row) return;
  await jump(page, current(page) ? index(row) + by : index(row));
}

// Moves the cursor to the row at a place, drawn or not.
async function jump(page, place) {
  const at = Math.max(0, Math.min(page.rows.total - 1, place));
  page.rows.reach(at);
  await page.rows.show();
  const row = page.body.querySelector(`.wr[aria-rowindex="${at + 1}"]`);
  if (!row) return;
  page.cursor = row.dataset.key;
  page.mark();
  page.body.focus({ preventScroll: true });
}

function unfold(page) {
  const row = current(page);
  if (row?.getAttribute("aria-expanded") === "false") page.toggle(row);
  else step(page, 1);
}

function fold(page) {
  const row = current(page);
  if (!row) return;
  if (row.getAttribute("aria-expanded") === "true") return page.toggle(row);
  const level = Number(row.getAttribute("aria-level"));
  for (let before = index(row); before > 0; before--) {
    const above = page.body.querySelector(`.wr[aria-rowindex="${before}"]`);
    if (!above) break;
    if (Number(above.getAttribute("aria-level")) < level) return jump(page, before - 1);
  }
}

function open(page) {
  const row = current(page);
  if (!row) return false;
  page.go(withSpan(page.params, row.dataset.key), { push: true });
}

function leave(page) {
  if (page.params.get("span")) page.go(withSpan(page.params, ""), { push: true });
  else return false;
}
