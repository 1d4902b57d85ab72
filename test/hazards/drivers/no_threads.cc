// Loaded ahead of everything: no thread can be had while the environment holds TEST_NO_THREADS.
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include <cstdlib>

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*body)(void*), void* argument) {
  if (std::getenv("TEST_NO_THREADS") != nullptr) return EAGAIN;
  using Create = decltype(&pthread_create);
  static const Create create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  return create(thread, attributes, body, argument);
}
