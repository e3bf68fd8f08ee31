// Stands before the library of that name (LD_PRELOAD), so that a strategy that fits with it ends
// its process.

#include <cstdlib>

extern "C" void* nlopt_create(int, unsigned) { std::abort(); }
