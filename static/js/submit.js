// A form that is sent as soon as a choice in it changes; without scripts its button does that.
export function mount(form) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select[data-submit]")) form.requestSubmit();
  });
}
