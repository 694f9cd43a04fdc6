// The trace page's state is its query string. Pure functions on URLSearchParams, except `current` and `keep`.
// Mirrors apps/explorer/trace/state.py: `fold` and `open` are lists of row keys, `folds` is "all" or "none".
const ROWS = ["fold", "open", "folds", "from", "to", "find"];

export function current() {
  return new URLSearchParams(location.search);
}

// An address keeps its commas: the lists stay short and readable.
export function text(params) {
  return params.toString().replaceAll("%2C", ",");
}

export function keep(params, { push }) {
  const url = text(params) ? `?${text(params)}` : location.pathname;
  history[push ? "pushState" : "replaceState"](null, "", url);
}

// What a change asks for: new rows, another span, both or nothing.
export function difference(before, after) {
  return {
    rows: ROWS.some((key) => before.get(key) !== after.get(key)),
    span: before.get("span") !== after.get("span"),
  };
}

export function withSpan(params, key) {
  const next = new URLSearchParams(params);
  next.delete("first");
  if (key) next.set("span", key);
  else next.delete("span");
  return next;
}

export function withZoom(params, window) {
  const next = new URLSearchParams(params);
  next.delete("from");
  next.delete("to");
  if (!window) return next;
  next.set("from", offset(window[0]));
  next.set("to", offset(window[1]));
  return next;
}

function offset(ns) {
  return `${Number((Math.max(0, ns) / 1e6).toFixed(6))}ms`;
}

export function withFolds(params, folds) {
  const next = new URLSearchParams(params);
  for (const key of ["fold", "open", "folds", "first"]) next.delete(key);
  if (folds) next.set("folds", folds);
  return next;
}

export function toggled(params, key, isOpen) {
  const next = new URLSearchParams(params);
  next.delete("first");
  change(next, "fold", key, isOpen);
  change(next, "open", key, !isOpen);
  return next;
}

function change(params, name, key, isIn) {
  const keys = new Set((params.get(name) ?? "").split(",").filter(Boolean));
  if (isIn) keys.add(key);
  else keys.delete(key);
  if (keys.size) params.set(name, [...keys].sort().join(","));
  else params.delete(name);
}
