// Colours for charts: what the style sheet makes of a token in the present theme, as rgba() text any library reads.
const TOKEN = /^var\(--[\w-]+\)( \d+%)?$/;

// A probe element, not the custom property: only a computed `color` has light-dark() decided.
export function tokenReader(host) {
  const probe = document.createElement("span");
  probe.hidden = true;
  host.append(probe);
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();

  function read(text) {
    if (known.has(text)) return known.get(text);
    const [token, share] = text.split(" ");
    probe.style.color = token;
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = getComputedStyle(probe).color;
    pixel.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pixel.getImageData(0, 0, 1, 1).data;
    const opacity = (alpha / 255) * (share ? parseInt(share, 10) / 100 : 1);
    known.set(text, `rgba(${red}, ${green}, ${blue}, ${opacity})`);
    return known.get(text);
  }
  return { read, done: () => probe.remove() };
}

// A copy of `value` with every "var(--token)" or "var(--token) 14%" in it made a colour.
export function resolveTokens(value, read) {
  if (typeof value === "string") return TOKEN.test(value) ? read(value) : value;
  if (Array.isArray(value)) return value.map((item) => resolveTokens(item, read));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveTokens(item, read)]));
}
