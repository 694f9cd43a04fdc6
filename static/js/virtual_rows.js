// A long list as blocks of 100 rows. Every block always has its full height, so nothing jumps; only the blocks
// near the viewport hold rows, which the server draws. At most NEAR blocks on either side of the view are kept.
export const BLOCK = 100;
const NEAR = 1;
const SETTLE_MS = 50;

export class VirtualRows {
  // body: the treegrid. load(first, count) -> Promise of an element that holds drawn `.wf-block` elements.
  // drawn() follows every change of the rows, failed(error) a load that did not work.
  constructor(body, { load, drawn, failed }) {
    Object.assign(this, { body, load, drawn, failed, blocks: [], asked: new Map() });
    this.lay(Number(body.dataset.rows));
    this.onScroll = () => this.soon();
    addEventListener("scroll", this.onScroll, { passive: true });
    addEventListener("resize", this.onScroll, { passive: true });
  }

  // Makes one element per block, takes over those the server drew, sizes them all.
  lay(total) {
    this.total = total;
    const kept = new Map([...this.body.querySelectorAll(".wf-block")].map((b) => [Number(b.dataset.first), b]));
    for (const old of kept.values()) old.remove();
    this.blocks = [];
    for (let first = 0; first < total; first += BLOCK) {
      const block = kept.get(first) ?? this.empty(first);
      block.style.height = `calc(var(--row-h) * ${Math.min(BLOCK, total - first)})`;
      this.blocks.push(block);
    }
    this.body.append(...this.blocks);
    this.body.setAttribute("aria-rowcount", total);
  }

  empty(first) {
    const block = document.createElement("div");
    block.className = "wf-block is-empty";
    block.setAttribute("role", "rowgroup");
    block.dataset.first = first;
    return block;
  }

  rowHeight() {
    return parseFloat(getComputedStyle(this.body).getPropertyValue("--row-h"));
  }

  // First and last row of the viewport, as [from, to).
  visible() {
    const height = this.rowHeight();
    const top = this.body.getBoundingClientRect().top;
    const from = Math.floor(Math.max(0, -top) / height);
    return [Math.min(from, this.total), Math.min(this.total, Math.ceil(Math.max(0, innerHeight - top) / height))];
  }

  // Whether every row of the viewport is drawn.
  isFilled() {
    const [from, to] = this.visible();
    const here = this.blocks.slice(Math.floor(from / BLOCK), Math.ceil(to / BLOCK));
    return here.every((block) => !block.classList.contains("is-empty"));
  }

  soon() {
    clearTimeout(this.timer);
    // What is drawn already may fetch its neighbours at once; a dragged scroll bar waits until it rests.
    if (this.isFilled()) this.show();
    else this.timer = setTimeout(() => this.show(), SETTLE_MS);
  }

  // Fetches the blocks near the view that are not drawn, and empties those that are far.
  async show() {
    const [from, to] = this.visible();
    const start = Math.max(0, Math.floor(from / BLOCK) - NEAR);
    const end = Math.min(this.blocks.length, Math.ceil(to / BLOCK) + NEAR);
    this.blocks.forEach((block, n) => {
      if ((n < start || n >= end) && block.firstChild) this.clear(block);
    });
    for (const [n, control] of this.asked) if (n < start || n >= end) control.abort();
    const missing = [];
    for (let n = start; n < end; n++) {
      if (this.blocks[n].classList.contains("is-empty") && !this.asked.has(n)) missing.push(n);
    }
    // What is in view comes alone: the server draws its neighbours afterwards.
    const inView = missing.filter((n) => n * BLOCK < to && (n + 1) * BLOCK > from);
    const filled = await Promise.all((inView.length ? inView : missing).map((n) => this.fill(n)));
    if (inView.length && filled.every(Boolean)) await this.show();
  }

  clear(block) {
    block.replaceChildren();
    block.classList.add("is-empty");
  }

  // Whether the block has its rows now.
  async fill(n) {
    const control = new AbortController();
    this.asked.set(n, control);
    try {
      this.put(await this.load(n * BLOCK, BLOCK, control.signal));
      return !this.blocks[n]?.classList.contains("is-empty");
    } catch (error) {
      if (error.name !== "AbortError") this.failed(error);
      return false;
    } finally {
      if (this.asked.get(n) === control) this.asked.delete(n);
    }
  }

  // Moves drawn rows into their blocks.
  put(answer) {
    for (const fresh of answer.querySelectorAll(".wf-block")) {
      const block = this.blocks[Number(fresh.dataset.first) / BLOCK];
      if (!block) continue;
      block.replaceChildren(...fresh.childNodes);
      block.classList.remove("is-empty");
    }
    this.drawn();
  }

  // Throws all rows away and shows those of a new answer.
  reset(total, answer) {
    for (const control of this.asked.values()) control.abort();
    this.asked.clear();
    for (const block of this.blocks) this.clear(block);
    this.lay(total);
    this.put(answer);
    this.show();
  }

  top(index) {
    return this.body.getBoundingClientRect().top + scrollY + index * this.rowHeight();
  }

  reach(index) {
    const head = this.body.previousElementSibling?.offsetHeight ?? 0;
    const [top, height] = [this.top(index), this.rowHeight()];
    const seenFrom = scrollY + head + 64;
    if (top >= seenFrom && top + height * 2 <= scrollY + innerHeight) return;
    scrollTo({ top: top - head - Math.max(64, innerHeight / 3 - head) });
  }
}
