/** What a quick look at JSON text tells that a parsed value no longer does. The text must be valid JSON. */
export interface TextScan {
  /** Keys in all objects, duplicates included. */
  readonly keys: number;
  /** How many objects and arrays lie within each other. */
  readonly deepest: number;
  /** A number is written with a point or an exponent: Go's integers refuse it even where its value is whole. */
  readonly hasFractions: boolean;
  /** A number has so many digits that JavaScript may not hold it exactly. */
  readonly hasLongNumbers: boolean;
}

const longDigits = 16;

const [quote, backslash, colon, point, upperE, lowerE] = [0x22, 0x5c, 0x3a, 0x2e, 0x45, 0x65];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

export function scanText(text: string): TextScan {
  let [keys, depth, deepest, hasFractions, hasLongNumbers] = [0, 0, 0, false, false];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === quote) index = endOfString(text, index);
    else if (code === colon) keys++;
    else if (code === openBrace || code === openBracket) {
      if (++depth > deepest) deepest = depth;
    } else if (code === closeBrace || code === closeBracket) depth--;
    else if (isDigit(code)) {
      const start = index;
      while (isDigit(text.charCodeAt(index + 1))) index++;
      if (index - start + 1 >= longDigits) hasLongNumbers = true;
    } else if (code === point || ((code === lowerE || code === upperE) && isDigit(text.charCodeAt(index - 1)))) {
      hasFractions = true;
    }
  }
  return { keys, deepest, hasFractions, hasLongNumbers };
}

function endOfString(text: string, start: number): number {
  let index = start + 1;
  for (let code = text.charCodeAt(index); code !== quote; code = text.charCodeAt(++index)) {
    if (code === backslash) index++;
  }
  return index;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
