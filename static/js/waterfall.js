// The trace page: rows as one scrolls, folds, zoom, find and the span panel without leaving the page.
// The server draws everything; this asks for parts and puts them in their places.
import { bindKeys } from "./trace_keys.js";
import { fetchPart, putPanel, swap } from "./trace_parts.js";
import { bindZoom } from "./trace_zoom.js";
import { tell } from "./toasts.js";
import { BLOCK, VirtualRows } from "./virtual_rows.js";
import * as state from "./trace_state.js";

const PARTS = ["wf-tools", "wf-found", "wf-scale", "wf-grid"];

export function mount(root) {
  new Waterfall(root).start();
}

class Waterfall {
  constructor(root) {
    this.root = root;
    this.body = root.querySelector(".wf-body");
    this.path = root.dataset.path;
    this.params = state.current();
    this.cursor = this.params.get("span") ?? "";
    this.turn = 0;
    this.rows = new VirtualRows(this.body, {
      load: (...asked) => this.moreRows(...asked),
      drawn: () => this.mark(),
      failed: (error) => this.failed(error),
    });
  }

  start() {
    this.root.classList.add("is-live");
    this.body.tabIndex = 0;
    this.root.closest("main").addEventListener("click", (event) => this.click(event));
    this.root.querySelector(".find")?.addEventListener("submit", (event) => this.find(event));
    addEventListener("popstate", () => this.go(state.current(), { isKept: true }));
    document.body.addEventListener("trace:grown", () => this.redraw().catch((error) => this.failed(error)));
    bindKeys(this);
    bindZoom(this);
    this.mark();
    const at = this.body.dataset.at;
    if (at) this.rows.reach(Number(at));
    // What the rows of a page that came ahead still wait for, their neighbours would wait for, too.
    if (!("pending" in this.root.dataset) || !this.rows.isFilled()) this.rows.show();
  }

  part(name, extra = {}, signal = undefined) {
    const params = new URLSearchParams(this.params);
    for (const [key, value] of Object.entries(extra)) params.set(key, value);
    return fetchPart(this.path, name, params, signal);
  }

  // The rows asked for. If they belong to a newer version of the trace, all are drawn again.
  async moreRows(first, count, signal) {
    const version = this.body.dataset.version;
    const answer = await this.part("rows", { first, count, v: version }, signal);
    const block = answer.querySelector(".wf-block");
    if (block && block.dataset.version !== version && version === this.body.dataset.version) this.redraw();
    return answer;
  }

  failed(error) {
    if (error.name === "AbortError") return;
    tell("The server did not answer. Reload the page to try again.");
    console.info(error);
  }

  // Goes to another state of the page and tells the address bar.
  async go(params, { push = false, anchor = "", isKept = false } = {}) {
    if (!isKept) state.keep(params, { push });
    await this.show(params, anchor).catch((error) => this.failed(error));
  }

  async show(params, anchor = "") {
    const asks = state.difference(this.params, params);
    this.params = params;
    if (asks.span) this.cursor = params.get("span") ?? this.cursor;
    await Promise.all([
      asks.rows ? this.redraw(anchor || (asks.span ? this.cursor : "")) : this.mark(),
      asks.span ? this.panel() : null,
    ]);
    if (asks.span && params.get("span")) await this.reachSpan(params.get("span"));
  }

  // Draws the rows again and leaves the anchor row (or the first one in view) where it was on the screen.
  async redraw(anchor = "") {
    const [from, to] = this.rows.visible();
    const row = (anchor && this.row(anchor)) || this.firstInView();
    const before = row?.getBoundingClientRect().top;
    const turn = ++this.turn;
    const answer = await this.part("waterfall", { around: row?.dataset.key ?? anchor, count: Math.max(1, to - from) });
    if (turn !== this.turn) return; // somebody has asked for something else meanwhile
    const body = answer.querySelector(".wf-body");
    swap(PARTS, answer);
    Object.assign(this.body.dataset, { version: body.dataset.version, rows: body.dataset.rows });
    this.rows.reset(Number(body.dataset.rows), body);
    const index = Number(body.dataset.around);
    if (before !== undefined && index >= 0) scrollBy(0, this.rows.top(index) - scrollY - before);
  }

  async panel() {
    const key = this.params.get("span");
    const answer = key ? await this.part("span") : null;
    if (this.params.get("span") !== key) return;
    putPanel(this.root, answer);
    if (answer) swap(["wf-found", "wf-tools"], answer);
  }

  async reachSpan(key) {
    if (!this.row(key)) {
      const answer = await this.part("waterfall", { around: key, count: BLOCK / 2 });
      const body = answer.querySelector(".wf-body");
      if (Number(body.dataset.rows) !== this.rows.total) this.rows.reset(Number(body.dataset.rows), body);
      else this.rows.put(body);
      if (body.dataset.around >= 0) this.rows.reach(Number(body.dataset.around));
    } else this.rows.reach(this.row(key).ariaRowIndex - 2);
    this.mark();
  }

  // The row under the keys and the selected one, wherever they have been drawn.
  mark() {
    const selected = this.params.get("span") ?? "";
    for (const row of this.body.querySelectorAll(".is-cursor, [aria-selected]")) {
      row.classList.remove("is-cursor");
      row.removeAttribute("aria-selected");
    }
    this.row(selected)?.setAttribute("aria-selected", "true");
    const at = this.row(this.cursor);
    at?.classList.add("is-cursor");
    if (at) this.body.setAttribute("aria-activedescendant", at.id);
    else this.body.removeAttribute("aria-activedescendant");
  }

  row(key) {
    return key ? document.getElementById(`r-${key}`) : null;
  }

  firstInView() {
    const head = this.root.querySelector(".wf-head").getBoundingClientRect().bottom;
    return [...this.body.querySelectorAll(".wr")].find((row) => row.getBoundingClientRect().top >= head);
  }

  click(event) {
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (!link.getAttribute("href").startsWith("?")) return;
    event.preventDefault();
    const row = link.closest(".wr");
    if (row && link.classList.contains("twist")) this.toggle(row);
    else if (row) this.go(state.withSpan(this.params, row.dataset.key), { push: true });
    else this.go(new URLSearchParams(link.search), { push: true });
  }

  toggle(row) {
    const isOpen = row.getAttribute("aria-expanded") === "true";
    this.cursor = row.dataset.key;
    this.go(state.toggled(this.params, row.dataset.key, isOpen), { anchor: row.dataset.key });
  }

  async find(event) {
    event.preventDefault();
    const next = new URLSearchParams(this.params);
    const words = event.target.elements.find.value.trim();
    if (words && words === this.params.get("find")) return this.root.querySelector("#wf-found [rel=next]")?.click();
    if (words) next.set("find", words);
    else next.delete("find");
    await this.go(next);
    if (words) this.root.querySelector("#wf-found [rel=next]")?.click();
  }
}
