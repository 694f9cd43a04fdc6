// The search form: tidy addresses, one click for a preset range, and the viewer's time zone told to the server.
const YEAR_S = 365 * 24 * 3600;

export function ownZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

// The server draws all times, so the zone is a cookie. Only the very first page is drawn again for it.
export function tellZone() {
  const said = `tz=${ownZone()}`;
  const known = () => document.cookie.split("; ").includes(said);
  if (known()) return;
  document.cookie = `${said}; path=/; max-age=${YEAR_S}; samesite=lax`;
  if (known() && ownZone() !== "UTC" && !new URLSearchParams(location.search).has("tz")) location.reload();
}

// Fields that say nothing stay out of the address.
export function tidy(form, zone) {
  const range = form.elements.range?.value;
  for (const field of form.elements) {
    const idle =
      field.value === "" ||
      (["start", "end"].includes(field.name) && range !== "custom") ||
      (field.name === "tz" && range !== "custom" && field.value === zone);
    if (field.name && field.localName !== "button" && idle) field.disabled = true;
  }
}

function pickCustom(form) {
  const custom = form.querySelector("[name=range][value=custom]");
  if (custom) custom.checked = true;
}

function choose(radio) {
  radio.value = radio.dataset.range || radio.value;
}

export function mount(form) {
  tellZone();
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name === "range") {
      pickCustom(form);
      event.submitter.removeAttribute("name"); // the radio button says it now
    }
    tidy(form, ownZone());
  });
  addEventListener("pageshow", () => {
    for (const field of form.elements) field.disabled = false;
  });
  form.addEventListener("input", (event) => {
    if (["start", "end"].includes(event.target.name)) pickCustom(form);
    if (event.target.name === "q") form.querySelector("[data-with=q]")?.remove();
  });
  // The range that nobody chose has no value, and the server picks it. Whoever picks it here has chosen it.
  form.querySelector(".presets")?.addEventListener("change", (event) => choose(event.target));
  // A click sends a preset at once; arrow keys only move through them (their clicks have no detail).
  form.querySelector(".presets")?.addEventListener("click", (event) => {
    const radio = event.target.closest("label")?.querySelector("input");
    if (event.detail === 0 || !radio || radio.value === "custom") return;
    choose(radio);
    setTimeout(() => form.requestSubmit());
  });
}
