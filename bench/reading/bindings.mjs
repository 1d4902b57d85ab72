// The driver as a program calls it through FFI: nine calls tell twelve numbers of a device.
import koffi from 'koffi';

const memoryVersion = 0x02000028;
const memoryTemperature = 82; // field
const clocks = { sm: 1, memory: 2 };

function functionsOf(path) {
  const driver = koffi.load(path);
  const rates = koffi.struct({ gpu: 'uint32', memory: 'uint32' });
  const memory = koffi.struct({
    version: 'uint32',
    total: 'uint64',
    reserved: 'uint64',
    free: 'uint64',
    used: 'uint64',
  });
  const field = koffi.struct({
    id: 'uint32',
    scope: 'uint32',
    timestamp: 'int64',
    latency: 'int64',
    type: 'uint32',
    result: 'uint32',
    value: 'uint64',
  });
  const number = koffi.out(koffi.pointer('uint32'));
  const call = (name, ...types) => driver.func(name, 'int', types);
  const device = 'void *';
  return {
    init: call('nvmlInit_v2'),
    shutdown: call('nvmlShutdown'),
    count: call('nvmlDeviceGetCount_v2', number),
    handle: call('nvmlDeviceGetHandleByIndex_v2', 'uint32', koffi.out(koffi.pointer('void *'))),
    rates: call('nvmlDeviceGetUtilizationRates', device, koffi.out(koffi.pointer(rates))),
    memory: call('nvmlDeviceGetMemoryInfo_v2', device, koffi.inout(koffi.pointer(memory))),
    fields: call('nvmlDeviceGetFieldValues', device, 'int', koffi.inout(koffi.pointer(field))),
    fan: call('nvmlDeviceGetFanSpeed', device, number),
    power: call('nvmlDeviceGetPowerUsage', device, number),
    powerLimit: call('nvmlDeviceGetEnforcedPowerLimit', device, number),
    temperature: call('nvmlDeviceGetTemperature', device, 'uint32', number),
    clock: call('nvmlDeviceGetClockInfo', device, 'uint32', number),
  };
}

function must(code) {
  if (code !== 0) throw new Error(`the driver answered ${code}`);
}

/** What is asked again and again is written into what is there already. */
export class Bindings {
  #calls;
  #devices = [];
  #number = [0];
  #rates = {};
  #memory = { version: memoryVersion, total: 0, reserved: 0, free: 0, used: 0 };
  #field = { id: 0, scope: 0, timestamp: 0, latency: 0, type: 0, result: 0, value: 0 };

  constructor(path) {
    this.#calls = functionsOf(path);
    must(this.#calls.init());
    const count = this.#tell(this.#calls.count);
    for (let index = 0; index < count; index++) {
      const into = [null];
      must(this.#calls.handle(index, into));
      this.#devices.push(into[0]);
    }
  }

  read() {
    return this.#devices.map((device) => this.#readDevice(device));
  }

  close() {
    must(this.#calls.shutdown());
  }

  #tell(call, ...args) {
    must(call(...args, this.#number));
    return this.#number[0];
  }

  #readDevice(device) {
    const calls = this.#calls;
    const [rates, memory, field] = [this.#rates, this.#memory, this.#field];
    must(calls.rates(device, rates));
    must(calls.memory(device, memory));
    field.id = memoryTemperature;
    must(calls.fields(device, 1, field));
    must(field.result);
    return {
      fanSpeedPercent: this.#tell(calls.fan, device),
      memoryTotalBytes: memory.total,
      memoryUsedBytes: memory.used,
      memoryFreeBytes: memory.free,
      computeUtilizationPercent: rates.gpu,
      memoryUtilizationPercent: rates.memory,
      temperatureCelsius: this.#tell(calls.temperature, device, 0),
      memoryTemperatureCelsius: Number(field.value) % 2 ** 32,
      powerWatts: this.#tell(calls.power, device) / 1e3,
      powerLimitWatts: this.#tell(calls.powerLimit, device) / 1e3,
      clockRateMhz: this.#tell(calls.clock, device, clocks.sm),
      memoryClockMhz: this.#tell(calls.clock, device, clocks.memory),
    };
  }
}
