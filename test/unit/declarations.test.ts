import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'gpuring-declarations-'));
const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
const declarations = () =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.d.ts'),
  );

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
}

beforeAll(() => {
  const options = ['-p', '.', '--emitDeclarationOnly', '--outDir', folder];
  execFileSync(process.execPath, [compiler, ...options], { stdio: 'pipe' });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the declarations', () => {
  it('contain no any', () => {
    expect(declarations()).toContain('index.d.ts');
    const loose = declarations().filter((name) =>
      /\bany\b/.test(withoutComments(readFileSync(join(folder, name), 'utf8'))),
    );
    expect(loose).toEqual([]);
  });

  it('do not show the internal way of construction', () => {
    const manager = withoutComments(readFileSync(join(folder, 'manager.d.ts'), 'utf8'));
    expect(manager.match(/constructor\(.*\)/g)).toEqual([
      'constructor(options?: GPUClusteringManagerOptions)',
    ]);
  });

  it("need neither Node's types nor a newer library than es2022", () => {
    const consumer = join(folder, 'consumer.ts');
    writeFileSync(
      consumer,
      "import { GPUClusteringManager } from './index.js';\n" +
        "import { type Scenario, simulatedDriverPath } from './testing/index.js';\n" +
        'export const scenario: Scenario = { devices: [] };\n' +
        'export const manager: GPUClusteringManager = new GPUClusteringManager();\n' +
        'export const path: string = simulatedDriverPath();\n',
    );
    const options = ['--lib', 'es2022,dom', '--target', 'es2022', '--module', 'nodenext'];
    const checks = ['--strict', '--skipLibCheck', 'false', '--noEmit', '--ignoreConfig'];
    const args = [compiler, consumer, ...options, ...checks, '--types', ''];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});
