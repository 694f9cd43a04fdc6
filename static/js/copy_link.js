// Copies the absolute address of what one sees, with everything that is in the query string but the way back.
import { toClipboard } from "./copy.js";
import { tell } from "./toasts.js";

export function mount(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const url = new URL(location.href);
    url.searchParams.delete("back");
    url.hash = "";
    try {
      await toClipboard(url.href.replaceAll("%2C", ","));
      tell("Link copied");
    } catch {
      tell("The browser refused; copy the address bar instead");
    }
  });
}
