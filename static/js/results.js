// The list of traces: j and k go through it, o to older ones, y copies the link. Waiting shows only after 200 ms.
import { toClipboard } from "./copy.js";
import { isTyping } from "./keys.js";
import { tell } from "./toasts.js";

const WAIT_MS = 200;

function step(by) {
  const rows = [...document.querySelectorAll(".rows .row")];
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by;
  rows[Math.min(Math.max(next, 0), rows.length - 1)]?.focus();
}

async function copyLink(link) {
  try {
    await toClipboard(link.href);
    tell("Link copied. Its times are fixed, so it shows the same tomorrow.");
  } catch {
    location.assign(link.href); // the browser refuses; in the address bar it can be copied by hand
  }
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  o: () => document.querySelector("a[data-older]")?.click(),
  y: () => document.querySelector("a[data-copy-link]")?.click(),
};

export function mount(results) {
  document.querySelector("a[data-copy-link]")?.addEventListener("click", (event) => {
    event.preventDefault();
    copyLink(event.currentTarget);
  });
  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  // A page nobody looks at need not ask what is new.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.target.id === "newer") event.preventDefault();
  });
  const wait = () => setTimeout(() => results.setAttribute("aria-busy", "true"), WAIT_MS);
  document.getElementById("ask")?.addEventListener("submit", wait);
  document.querySelector("a[data-older]")?.addEventListener("click", wait);
  addEventListener("pageshow", () => results.removeAttribute("aria-busy"));
}
