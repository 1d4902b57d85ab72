/** A block of code that is a function's body, or stands where one could. */
export interface CodeBlock {
  readonly head: string;
  readonly line: number;
  readonly lineCount: number;
}

const notCode = [
  '//[^\\n]*',
  '/\\*[\\s\\S]*?\\*/',
  'R"([^(\\s]*)\\([\\s\\S]*?\\)\\1"',
  '"(?:\\\\.|[^"\\\\\\n])*"',
  "(?<!\\w)'(?:\\\\.|[^'\\\\\\n])*'",
  '`(?:\\\\.|[^`\\\\])*`',
  '(?<=[(,=:[!&|?{};>]\\s*)/(?![*/])(?:\\\\.|\\[(?:\\\\.|[^\\]\\\\])*\\]|[^/\\\\\\n[])+/',
];
const notCodePattern = new RegExp(notCode.join('|'), 'g');

/** The text with comments, strings and regular expressions blanked out; C++ and TypeScript. */
export function codeOf(text: string): string {
  return text.replace(notCodePattern, (found) => found.replace(/[^\n]/g, ' '));
}

const declares = /\b(namespace|class|struct|enum|union|interface|extern|describe)\b/;
const holdsValue = /(^|[=:,([]|\breturn|=>\s*\()\s*$/;

function lineOf(code: string, position: number): number {
  return code.slice(0, position).split('\n').length;
}

/** Every braced block that belongs to a function, lambda or control statement. */
export function blocksOf(code: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const open: { head: string; line: number }[] = [];
  let headStart = 0;
  for (const { index, 0: mark } of code.matchAll(/[{};]/g)) {
    const head = code.slice(headStart, index).trim();
    headStart = index + 1;
    if (mark === '{') open.push({ head, line: lineOf(code, index) - head.split('\n').length + 1 });
    if (mark !== '}') continue;
    const block = open.pop();
    if (block === undefined || declares.test(block.head) || holdsValue.test(block.head)) continue;
    blocks.push({ ...block, lineCount: lineOf(code, index) - block.line + 1 });
  }
  return blocks;
}

/** The parameters between the first parentheses of a C++ function's head. */
export function parametersOf(head: string): readonly string[] {
  const start = head.indexOf('(') + 1;
  const parameters = [''];
  let depth = 0;
  for (const letter of head.slice(start)) {
    if (letter === ')' && depth === 0) break;
    if ('(<[{'.includes(letter)) depth += 1;
    if (')>]}'.includes(letter)) depth -= 1;
    if (letter === ',' && depth === 0) parameters.push('');
    else parameters.push(parameters.pop() + letter);
  }
  return parameters.map((text) => text.trim()).filter(Boolean);
}
