// Parts of the trace page, as the server draws them, into their places.
import { text } from "./trace_state.js";

// The HTML of a part for a state of the page, parsed. Rejects when the server does not answer with it.
export async function fetchPart(path, name, params, signal) {
  const answer = await fetch(`${path}/${name}?${text(params)}`, { signal });
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  return holder.content;
}

// Replaces the elements with these ids by those of the answer, where both have one.
export function swap(ids, answer) {
  for (const id of ids) {
    const [old, fresh] = [document.getElementById(id), answer.querySelector(`#${id}`)];
    if (old && fresh) old.replaceWith(fresh);
  }
}

// Puts the panel of an answer beside the waterfall; without an answer it goes away.
export function putPanel(root, answer) {
  const fresh = answer?.querySelector(".span-panel");
  root.querySelector(".span-panel")?.remove();
  root.classList.toggle("has-panel", Boolean(fresh));
  if (!fresh) return;
  root.append(fresh);
  // app.js mounts what arrives this way, as it does for what htmx swaps in.
  fresh.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: fresh } }));
}
