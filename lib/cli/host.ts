import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
} from 'node:fs';

/** What `doctor` may ask of the machine; it only reads. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  readonly nodeVersion: string;
  /** Absent where the C library is another one, as on musl. */
  readonly glibcVersion?: string | undefined;
  exists(path: string): boolean;
  /** This process may read and write the file. */
  isAccessible(path: string): boolean;
  /** Why it cannot be opened for reading (`EPERM`); undefined where it can. */
  openFailure(path: string): string | undefined;
  /** Names in a folder; none when it cannot be read. */
  list(folder: string): readonly string[];
  /** Undefined when it cannot be read. */
  readText(path: string): string | undefined;
}

export function thisHost(): Host {
  return {
    platform: process.platform,
    arch: process.arch,
    nodeVersion: process.versions.node,
    get glibcVersion() {
      return glibcVersion();
    },
    exists: existsSync,
    isAccessible: (path) => succeeds(() => accessSync(path, constants.R_OK | constants.W_OK)),
    openFailure,
    list: (folder) => attempt(() => readdirSync(folder)) ?? [],
    readText: (path) => attempt(() => readFileSync(path, 'utf8')),
  };
}

/** A control group refuses here what the file's permissions allow. */
function openFailure(path: string): string | undefined {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    return undefined;
  } catch (error) {
    const code = (error as { code?: unknown } | undefined)?.code;
    return typeof code === 'string' ? code : 'unknown error';
  }
}

function glibcVersion(): string | undefined {
  const report = process.report?.getReport() as { header?: Record<string, unknown> } | undefined;
  const version = report?.header?.glibcVersionRuntime;
  return typeof version === 'string' ? version : undefined;
}

function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function succeeds(work: () => void): boolean {
  return (
    attempt(() => {
      work();
      return true;
    }) === true
  );
}
