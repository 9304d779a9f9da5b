/** One line for a person or a query. Never a secret, never the ResponseURL: whoever has it can answer in the handler's place. */
export function log(entry: Record<string, unknown>): void {
  console.log(JSON.stringify(entry));
}
