// Text of unknown origin on its way to a terminal, a process title or the log: a URL, an error of
// the app, a file name. Control characters would move the cursor, retitle the window or reorder
// what is read, so they become escapes such as \u001b.

/**
 * C0, DEL and C1 (ECMA-48), the line separators, and the controls that reorder text (Unicode
 * Standard Annex 9, table 4). Tab and line feed are left to the callers.
 */
const unsafe =
  // eslint-disable-next-line no-control-regex
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const lineBreaks = /[\t\n]/g;

/**
 * For text of several lines, or JSON: in JSON such a character can only be part of a string, where
 * the escape means the same.
 */
export const printable = (text: string): string => text.replace(unsafe, escaped);

/** For text that must stay in its line. */
export const printableLine = (text: string): string =>
  printable(text).replace(lineBreaks, (character) => (character === '\n' ? '\\n' : ' '));

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
