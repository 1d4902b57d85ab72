// What programs do in native code instead, for benchmarks: answers as objects, choices by scan.
#pragma once

#include <napi.h>

namespace gpuring {

// emptyCall(), emptyDouble(): the cheapest calls there are from JavaScript into native code and
// back: no wrapper around Node-API, no argument; one gives nothing and one gives a number.
// sixProperties(): an object of six numbers, with Node-API alone.
// threadTime(): nanoseconds for which this thread has had a processor.
// scanAcquire(devices), scanRelease(index): counters of at most 1024 devices. The former takes one
// more of the device that has least to do, the first of those, and gives its index.
// scanGreatest(Float64Array): the index of the greatest, the first of those.
void ExportCrossing(Napi::Object exports);

}  // namespace gpuring
