// Switches light and dark without a page load. The server reads the same cookie and writes `data-theme`.
const YEAR_S = 365 * 24 * 3600;

export function currentTheme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

function choose(theme) {
  document.documentElement.dataset.theme = theme;
  document.cookie = `theme=${theme}; path=/; max-age=${YEAR_S}; samesite=lax`;
  document.dispatchEvent(new CustomEvent("theme:change", { detail: theme }));
}

export function mount(form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const kept = document.activeElement === event.submitter;
    choose(event.submitter.value);
    if (kept) form.querySelector(currentTheme() === "dark" ? ".to-light" : ".to-dark").focus();
  });
  form.addEventListener("theme:toggle", () => choose(currentTheme() === "dark" ? "light" : "dark"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.dispatchEvent(new CustomEvent("theme:change", { detail: currentTheme() }));
  });
}
