#include "simulator/error_strings.h"

namespace gpuring::simulator {
namespace {

constexpr const char* kTexts[] = {
    "The operation was successful",                             // 0
    "The library was not initialised",                          // 1
    "An argument is invalid",                                   // 2
    "The device does not support this operation",               // 3
    "The caller lacks permission for this operation",           // 4
    "The library was initialised before",                       // 5
    "Nothing was found for this query",                         // 6
    "The buffer is too small",                                  // 7
    "A power cable of the device is missing or loose",          // 8
    "The driver is not loaded",                                 // 9
    "The time given for this operation ran out",                // 10
    "The kernel found an interrupt problem with the device",    // 11
    "A shared library could not be found or loaded",            // 12
    "This driver does not implement the function",              // 13
    "The configuration memory of the device is corrupted",      // 14
    "The device fell off the bus or cannot be reached",         // 15
    "The device needs a reset before further use",              // 16
    "The operating system blocks access to the device",         // 17
    "Library and kernel driver are of different versions",      // 18
    "The device is in use",                                     // 19
    "Memory is short",                                          // 20
    "There is no data",                                         // 21
    "A virtual GPU does not offer this while ECC is on",        // 22
    "A resource other than memory is short",                    // 23
    "The clock frequency is not supported",                     // 24
    "The version word of an argument is not the one expected",  // 25
    "The function is deprecated",                               // 26
    "The system is not ready for this request",                 // 27
    "No GPU was found",                                         // 28
    "The present state does not allow this operation",          // 29
    "The device does not support this kind of reset",           // 30
};

}  // namespace

const char* ErrorText(nvmlReturn_t code) {
  if (code < sizeof(kTexts) / sizeof(kTexts[0])) return kTexts[code];
  return code == NVML_ERROR_UNKNOWN ? "An internal error of unknown cause occurred"
                                    : "This code is none of the driver's return codes";
}

}  // namespace gpuring::simulator
