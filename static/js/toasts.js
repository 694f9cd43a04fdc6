// A toast leaves after four seconds, but not while somebody is reading it (pointer or focus inside).
const SHOWN_MS = 4000;

export function mount(box) {
  const held = () => box.matches(":hover, :focus-within");
  function watch(toast) {
    const leave = () => (held() ? setTimeout(leave, SHOWN_MS / 2) : toast.remove());
    setTimeout(leave, SHOWN_MS);
  }
  for (const toast of box.children) watch(toast);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node instanceof Element) watch(node);
  }).observe(box, { childList: true });
}

// Other modules tell of a deed with this; the text is never read as markup.
export function tell(text) {
  const box = document.getElementById("toasts");
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.textContent = text;
  box.append(toast);
}
