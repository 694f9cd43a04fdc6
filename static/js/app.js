// Finds `data-mount="name …"` in the page, loads `./name.js` and calls its `mount(root)`, once per element.
// Parts that htmx swaps in are mounted as they arrive. Everything works without this file.
const MODULES = {
  ask: () => import("./ask.js"),
  charts: () => import("./charts.js"),
  copy: () => import("./copy.js"),
  copy_link: () => import("./copy_link.js"),
  keys: () => import("./keys.js"),
  map: () => import("./map.js"),
  period: () => import("./period.js"),
  results: () => import("./results.js"),
  scatter: () => import("./scatter.js"),
  submit: () => import("./submit.js"),
  theme: () => import("./theme.js"),
  toasts: () => import("./toasts.js"),
  waterfall: () => import("./waterfall.js"),
  why_select: () => import("./why_select.js"),
};

const mounted = new WeakMap();

async function mountOne(root, name) {
  const done = mounted.get(root) ?? new Set();
  if (done.has(name) || !MODULES[name]) return;
  mounted.set(root, done.add(name));
  const module = await MODULES[name]();
  module.mount(root);
}

export function mountAll(root = document) {
  const roots = [...root.querySelectorAll("[data-mount]")];
  if (root instanceof Element && root.matches("[data-mount]")) roots.unshift(root);
  for (const element of roots) {
    for (const name of element.dataset.mount.split(/\s+/)) mountOne(element, name);
  }
}

mountAll();
document.addEventListener("htmx:load", (event) => mountAll(event.detail.elt));
