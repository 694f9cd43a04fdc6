// A button with `data-copy="#id"` puts that element's text on the clipboard and says so for two seconds.
import { tell } from "./toasts.js";

const SAID_MS = 2000;

export async function toClipboard(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http on another machine has no clipboard API; a selected text area still has.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "vh";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("the browser refused");
}

export function mount(button) {
  // A button that is only an icon has no text to change: it says so in a toast.
  const label = button.querySelector("[data-label]") ?? (button.textContent.trim() ? button : null);
  const usual = label?.textContent;
  function say(text) {
    if (!label) return tell(text);
    label.textContent = text;
    setTimeout(() => (label.textContent = usual), SAID_MS);
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.querySelector(button.dataset.copy);
    try {
      await toClipboard(source.value ?? source.textContent.trim());
      say("Copied");
    } catch {
      say("Select and copy");
    }
  });
}
