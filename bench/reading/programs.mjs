// Reading through programs: what nvidia-smi does when it is asked (bench/native/smi.cc), and
// systeminformation, which starts that, lspci and others. The real ones take longer: they open a
// driver in the kernel, and look at all that is on the bus.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { columns, keys, scenario } from './host.mjs';

const smi = fileURLToPath(new URL('../../out/release/smi', import.meta.url));
const later = promisify(execFile);
const bytesPerMib = 2 ** 20;
const format = '--format=csv,noheader,nounits';
const query = `--query-gpu=${Object.values(columns).join()}`;
const isSize = keys.map((key) => key.endsWith('Bytes'));

const parse = (text) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const cells = line.split(', ');
      const row = {};
      for (let column = 0; column < keys.length; column++) {
        const value = Number(cells[column]);
        row[keys[column]] = isSize[column] ? value * bytesPerMib : value;
      }
      return row;
    });

/** As lspci says it, where the driver says the devices are. */
function lspciLines() {
  const text = execFileSync(smi, ['--query-gpu=pci.bus_id,name', format], { encoding: 'utf8' });
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [place, name] = line.split(', ');
      const at = place.toLowerCase().slice(-'00:00.0'.length);
      return `${at} VGA compatible controller: NVIDIA Corporation ${name} (rev a1)\n`;
    })
    .join('');
}

const fromController = ({ fanSpeed, temperatureGpu, ...rest }) => ({
  fanSpeedPercent: fanSpeed,
  memoryTotalBytes: rest.memoryTotal * bytesPerMib,
  memoryUsedBytes: rest.memoryUsed * bytesPerMib,
  memoryFreeBytes: rest.memoryFree * bytesPerMib,
  computeUtilizationPercent: rest.utilizationGpu,
  memoryUtilizationPercent: rest.utilizationMemory,
  temperatureCelsius: temperatureGpu,
  memoryTemperatureCelsius: rest.temperatureMemory,
  powerWatts: rest.powerDraw,
  powerLimitWatts: rest.powerLimit,
  clockRateMhz: rest.clockCore,
  memoryClockMhz: rest.clockMemory,
});

/** Programs by name; they are found while this is open. */
export class Programs {
  #folder = mkdtempSync(join(tmpdir(), 'programs-'));
  #before = { ...process.env };
  #information;

  constructor(libraryPath) {
    const [file, lspci, text] = ['scenario.json', 'lspci', 'lspci.txt'].map((name) =>
      join(this.#folder, name),
    );
    writeFileSync(file, JSON.stringify(scenario));
    process.env.GPURING_SCENARIO = file;
    process.env.GPURING_NVML_PATH = libraryPath;
    process.env.PATH = `${this.#folder}${delimiter}${process.env.PATH}`;
    symlinkSync(smi, join(this.#folder, 'nvidia-smi'));
    writeFileSync(text, lspciLines());
    writeFileSync(lspci, `#!/bin/sh\nexec cat '${text}'\n`);
    chmodSync(lspci, 0o755);
    // It keeps the environment that it was loaded in.
    this.#information = import('systeminformation');
  }

  async read() {
    return parse((await later(smi, [query, format])).stdout);
  }

  readSync() {
    return parse(execFileSync(smi, [query, format], { encoding: 'utf8' }));
  }

  async readBySysteminformation() {
    const { graphics } = await this.#information;
    return (await graphics()).controllers.map(fromController);
  }

  startNothing() {
    return later('true');
  }

  close() {
    for (const name of ['GPURING_SCENARIO', 'GPURING_NVML_PATH', 'PATH']) {
      if (this.#before[name] === undefined) delete process.env[name];
      else process.env[name] = this.#before[name];
    }
    rmSync(this.#folder, { recursive: true });
  }
}
