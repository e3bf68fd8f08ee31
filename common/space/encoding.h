// Genotypes as vectors of numbers, for models. The encodings have names:
//
//   one_hot    a column per decision and option, one per range (decisions/one_hot.h)
//   adjacency  which edges a cell has and which operations (White et al. 2020, "A Study on
//              Encodings for Neural Architecture Search", section 3). Operations at vertices: a
//              column per pair of vertices, and one per vertex and operation. Operations at edges:
//              a column per pair and operation
//   path       a column per sequence of operations along a path from an input to an end, 1 where
//              the cell has such a path (White et al. 2019, "BANANAS", section 4). Sequences are in
//              the order of their length; lengths past `most_columns` of a cell are left out
//
// The last two exist where the space's notation describes cells.

#ifndef NASCENT_COMMON_SPACE_ENCODING_H_
#define NASCENT_COMMON_SPACE_ENCODING_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/space/space.h"

namespace nascent::space {

// Immutable and thread-safe.
class Encoding {
 public:
  virtual ~Encoding() = default;
  // As many numbers for each genotype as there are columns. `genotype` is valid.
  virtual std::vector<double> Encode(const Genotype& genotype) const = 0;
  virtual std::vector<std::string> ColumnNames() const = 0;
};

// Those that `space` has.
std::vector<std::string> EncodingNames(const Space& space);

// `space` outlives it. INVALID_ARGUMENT: the space has no encoding of that name; which it has.
absl::StatusOr<std::unique_ptr<const Encoding>> MakeEncoding(const Space& space,
                                                             std::string_view name,
                                                             int64_t most_columns = 65'536);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_ENCODING_H_
