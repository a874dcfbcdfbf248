/** The message of Go's `time.Parse` for a text that does not follow the layout of `metav1.Time` or `MicroTime`. */
export function timeParseError(text: string, micro: boolean): string {
  const layout = micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
  const head = `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse`;
  let rest = text;
  const ranges: [element: string, name: string, low: number, high: number][] = [
    ["2006", "year", 0, 9999],
    ["-", "", 0, 0],
    ["01", "month", 1, 12],
    ["-", "", 0, 0],
    ["02", "day", 1, 31],
    ["T", "", 0, 0],
    ["15", "hour", 0, 23],
    [":", "", 0, 0],
    ["04", "minute", 0, 59],
    [":", "", 0, 0],
    ["05", "second", 0, 59],
  ];
  for (const [element, name, low, high] of ranges) {
    const part = rest.slice(0, element.length);
    const fits = name === "" ? part === element : part.length === element.length && /^\d+$/.test(part);
    if (!fits) return `${head} ${JSON.stringify(rest)} as ${JSON.stringify(element)}`;
    if (name !== "" && (Number(part) < low || Number(part) > high)) return outOfRange(text, name);
    rest = rest.slice(element.length);
  }
  const fraction = (micro ? /^\.\d{6}(?!\d)/ : /^(?:[.,]\d+)?/).exec(rest);
  if (fraction === null) return `${head} ${JSON.stringify(rest)} as ".000000"`;
  rest = rest.slice(fraction[0].length);
  const zone = /^(?:Z|[-+]\d{2}:\d{2})/.exec(rest);
  if (zone === null) return `${head} ${JSON.stringify(rest)} as "Z07:00"`;
  rest = rest.slice(zone[0].length);
  if (rest !== "") return `parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`;
  return outOfRange(text, "day");
}

function outOfRange(text: string, name: string): string {
  return `parsing time ${JSON.stringify(text)}: ${name} out of range`;
}
