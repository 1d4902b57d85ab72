// std::exp for what is linked against it: bound to a symbol that old systems have too. Include it
// where std::exp is called, and nowhere else.
#pragma once

#include <cmath>

#include "core/old_glibc.h"

GPURING_BIND_OLD(exp);
