// Checks of a page as rendered. Each returns sentences; an empty list is good. Used by look.py.
window.look = (() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = new Map();
  const rgba = (colour) => read.get(colour) ?? read.set(colour, painted(colour)).get(colour);
  const painted = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const luminance = (colour) => {
    const part = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(colour[0]) + 0.7152 * part(colour[1]) + 0.0722 * part(colour[2]);
  };
  const ratio = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };

  function behind(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] >= 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), rgba("Canvas"));
  }

  function isSeen(element) {
    const style = getComputedStyle(element);
    return element.checkVisibility({ visibilityProperty: true }) && element.getBoundingClientRect().width > 0 && !style.clipPath.includes("50%") && !element.closest(".vh, .sprite, script, style, noscript");
  }

  const named = (element) => `${element.tagName.toLowerCase()}.${(element.getAttribute("class") || "").replace(/\s+/g, ".")}`;

  function contrast() {
    const found = new Map();
    let texts = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.data.trim();
      const element = walker.currentNode.parentElement;
      if (!text || !isSeen(element)) continue;
      texts += 1;
      const style = getComputedStyle(element);
      const isSvg = element instanceof SVGElement;
      const paint = rgba(isSvg ? style.fill : style.color);
      if (paint[3] === 0) continue;
      const ground = behind(isSvg ? element.closest("svg").parentElement : element);
      const got = ratio(over(paint, ground), ground);
      const size = parseFloat(style.fontSize);
      const isBig = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (got < (isBig ? 3 : 4.5)) found.set(`contrast ${got.toFixed(2)}: ${named(element)}`, text.slice(0, 40));
    }
    if (texts === 0) return ["no text on the page"];
    return [...found].map(([what, text]) => `${what} “${text}”`);
  }

  const scrolls = (element) => {
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
      if (["auto", "hidden", "scroll", "clip"].includes(getComputedStyle(at).overflowX)) return true;
    }
    return false;
  };

  function overflow() {
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    const out = [...document.querySelectorAll("body *")].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.right > innerWidth + 0.5 && !scrolls(element);
    });
    return [`overflows by ${document.documentElement.scrollWidth - innerWidth} px: ${out.slice(0, 4).map(named).join(", ")}`];
  }

  // WCAG 2.5.8: 24 px, except links within a line of text.
  function targets() {
    const small = [...document.querySelectorAll("button, summary, select, a.btn, .nav a, .tabs a, .seg a")].filter((element) => {
      const box = element.getBoundingClientRect();
      return isSeen(element) && (box.width < 24 || box.height < 22);
    });
    return small.map((element) => `small target: ${named(element)} “${element.textContent.trim().slice(0, 20)}”`);
  }

  function structure() {
    const said = [];
    const heads = document.querySelectorAll("h1");
    if (heads.length !== 1) said.push(`${heads.length} h1 elements`);
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    const twice = [...new Set(ids.filter((id, at) => ids.indexOf(id) !== at))];
    if (twice.length) said.push(`id used twice: ${twice.slice(0, 4).join(", ")}`);
    for (const control of document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href]")) {
      const label = control.labels?.[0]?.textContent || control.getAttribute("aria-label") || control.textContent || control.value;
      if (isSeen(control) && !label?.trim()) said.push(`no name: ${named(control)}`);
    }
    return said;
  }

  return { contrast, overflow, targets, structure, all: () => [contrast, overflow, targets, structure].flatMap((check) => check()) };
})();
