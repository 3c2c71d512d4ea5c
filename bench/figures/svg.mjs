// What the charts have in common: SVG by hand.

/** @param {number} pixels */
export const round = (pixels) => Math.round(pixels * 10) / 10;

/** @param {string} text */
export const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
