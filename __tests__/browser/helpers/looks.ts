import type { Page } from "playwright-core";

/** The texts that stand out from what is behind them less than WCAG 2.2 asks for (1.4.3). */
export const faintTexts = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`(() => {
    const rgba = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = (color) => rgba(color).slice(0, 3)
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
      .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
    const backgroundOf = (element) => {
      const { backgroundColor } = getComputedStyle(element);
      const [, , , alpha = 1] = rgba(backgroundColor);
      return alpha === 1 || !element.parentElement ? backgroundColor : backgroundOf(element.parentElement);
    };
    const hasText = (element) => [...element.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim());
    return [...document.querySelectorAll("body, body *")]
      .filter((element) => hasText(element) && element.checkVisibility())
      .map((element) => {
        const [light, dark] = [luminance(getComputedStyle(element).color), luminance(backgroundOf(element))].sort((a, b) => b - a);
        return [(light + 0.05) / (dark + 0.05), element.textContent.trim()];
      })
      .filter(([contrast]) => contrast < 4.5)
      .map(([contrast, text]) => contrast.toFixed(2) + " " + text);
  })()`);

export const backgroundOf = (page: Page): Promise<string> =>
  page.evaluate<string>("getComputedStyle(document.body).backgroundColor");

export const isTooWide = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>("document.documentElement.scrollWidth > document.documentElement.clientWidth");

/** What a screen reader would have no name for. */
export const nameless = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`[...document.querySelectorAll("button, input, select, textarea")]
    .filter((field) => !(field.labels?.length || field.textContent.trim()))
    .map((field) => field.outerHTML)`);
