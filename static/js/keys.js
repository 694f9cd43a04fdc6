// Keys that work on every page: "/" the box, "?" the sheet, "t" the theme, Escape leaves and closes.
const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

export function isTyping(event) {
  return event.target instanceof Element && event.target.matches(TYPING);
}

const ACTIONS = {
  "/": () => document.querySelector("[data-box] input, .query input, .omni input")?.focus(),
  "?": () => document.getElementById("sheet")?.togglePopover(),
  t: () => document.querySelector(".theme")?.dispatchEvent(new CustomEvent("theme:toggle")),
};

function escape(event) {
  if (isTyping(event)) event.target.blur();
  for (const open of document.querySelectorAll("details[data-pop][open]")) {
    const held = open.contains(document.activeElement);
    open.removeAttribute("open");
    if (held) open.querySelector("summary")?.focus();
  }
}

function closeOthers(event) {
  for (const open of document.querySelectorAll("details[data-pop][open]")) {
    if (!open.contains(event.target)) open.removeAttribute("open");
  }
}

export function mount() {
  document.addEventListener("click", closeOthers);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") escape(event);
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = ACTIONS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
