/** Runs in the page: how far it overflows sideways, and the contrast of each text with what lies behind it (WCAG 2.2). */
export const measureReadability = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const behind = (element) => {
    // in a chart, a label may lie on the shape drawn before it
    const shape = element instanceof SVGElement && element.previousElementSibling;
    if (shape && shape.matches('rect')) return rgba(getComputedStyle(shape).fill);
    for (let at = element; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const contrasts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || element.matches('script, style, title, noscript, noscript *') || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(rgba(element instanceof SVGElement ? style.fill : style.color)), luminance(behind(element))];
    contrasts.push({ text, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) });
  }
  return { overflow: document.documentElement.scrollWidth - innerWidth, contrasts };
})()` as unknown as () => { overflow: number; contrasts: { text: string; ratio: number }[] };
