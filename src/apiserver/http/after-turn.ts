let waiting: (() => void)[] = [];

/**
 * Runs `send` when this turn of the event loop has taken in all that had arrived. Answers leave together so: a peer
 * that waits is woken once for many of them, where one write at a time wakes it at each. No answer waits for more
 * than the requests that were there already.
 */
export function afterTurn(send: () => void): void {
  if (waiting.push(send) === 1) setImmediate(sendAll);
}

function sendAll(): void {
  const sends = waiting;
  waiting = [];
  for (const send of sends) send();
}
