// What an addon does that has no threads: it calls the driver when it is asked.
#pragma once

#include <napi.h>

namespace gpuring {

// openDriver(path): how many devices there are; 0 where there is no driver.
// readMetric(device, column): one number, columns as in plain_driver.h.
// readDriver(Float64Array): all numbers of all devices, one after another.
// readDriverObjects(): an object of twelve numbers a device.
// timeDriver(count): nanoseconds of reading all of them in C++, on average of so many times.
// closeDriver()
void ExportDriverCalls(Napi::Object exports);

}  // namespace gpuring
