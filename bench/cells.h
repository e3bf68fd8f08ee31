// The list of NAS-Bench-201 cells that both sides of `nascent-bench search` train.

#ifndef NASCENT_BENCH_CELLS_H_
#define NASCENT_BENCH_CELLS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace nascent::bench {

// Returns `count` cells in the space's notation, every operation of every edge as likely as the
// others; the same for the same seed. Equal ones and such that reach no output may be among them.
std::vector<std::string> RandomCells(int count, uint64_t seed);

// Returns the lines of a file; empty ones are left out. Throws where one is no such cell.
std::vector<std::string> ReadCells(const std::string& path);

}  // namespace nascent::bench

#endif  // NASCENT_BENCH_CELLS_H_
