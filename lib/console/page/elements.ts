type Child = Node | string | null;

/** An HTML element; text always becomes a text node, so nothing from outside can become markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { data = {}, ...properties }: { className?: string; title?: string; data?: Record<string, string> } = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  Object.assign(element.dataset, data);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** An SVG element from fixed attributes. */
export function s(
  tag: string,
  attributes: Record<string, string | number>,
  ...children: (Node | string)[]
): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}
