/** What the commands write to: the part of a `tty.WriteStream` that they use. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** Where keys come from: the part of a `tty.ReadStream` that is used. */
export interface Input {
  readonly isTTY?: boolean | undefined;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (data: Uint8Array | string) => void): unknown;
  off(event: 'data', listener: (data: Uint8Array | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** How much the terminal can show. */
export interface Look {
  readonly colour: boolean;
  readonly unicode: boolean;
}

/** Columns of output that goes to a file or a pipe: enough for every column of the tables. */
const unboundedColumns = 140;

export function lookOf(output: Output, environment: Environment): Look {
  return { colour: wantsColour(output, environment), unicode: isUtf8(environment) };
}

/** NO_COLOR (no-color.org) wins over FORCE_COLOR, and both over what the terminal is. */
function wantsColour(output: Output, environment: Environment): boolean {
  if ((environment.NO_COLOR ?? '') !== '') return false;
  const force = environment.FORCE_COLOR;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return output.isTTY === true && environment.TERM !== 'dumb';
}

/** The first of these that is set decides, as in the C library. */
function isUtf8({ LC_ALL, LC_CTYPE, LANG }: Environment): boolean {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '');
  return /utf-?8/i.test(locale ?? '');
}

/** True where a picture that is redrawn in place can be shown and keys can be read. */
export function isInteractive(output: Output, input: Input, environment: Environment): boolean {
  return output.isTTY === true && input.isTTY === true && environment.TERM !== 'dumb';
}

export function columnsOf(output: Output): number {
  const { columns } = output;
  return columns !== undefined && columns > 0 ? columns : unboundedColumns;
}

export function rowsOf(output: Output): number {
  const { rows } = output;
  return rows !== undefined && rows > 0 ? rows : 24;
}
