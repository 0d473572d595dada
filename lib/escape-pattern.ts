/** A text as a regular expression that matches it alone; not for use inside brackets. */
export function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
