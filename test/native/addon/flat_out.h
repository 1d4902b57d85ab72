// Writers that never pause, and native readers beside them: what they tear, how often they retry.
#pragma once

#include <napi.h>

namespace gpuring {

// beginWriting(Float64Array): a thread writes the rows of a block into that shared memory, one
// after another, until endWriting(), which gives how many. readRows(count) reads as many there:
// [torn, in the way]. readRing(count, rounds) reads the newest record of a ring beside its writer:
// retries, a number a round. blockWords(): words that the block takes.
void ExportFlatOut(Napi::Object exports);

}  // namespace gpuring
