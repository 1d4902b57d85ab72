#include "check.h"

int main(int argument_count, char** arguments) {
  return gpuring::check::RunAll(argument_count, arguments);
}
